import { memberAddition } from '../../cluster-file/membership-edit.ts'
import type { CommandHandler } from '../command.ts'
import { newNode, runMemberChange } from '../member.ts'

const memberAddCommand: CommandHandler = async (context, input) => {
  const [name = ''] = input.args
  return await runMemberChange(context, input, await memberAddition(context.file, newNode(name, input)))
}

export default memberAddCommand
