import { memberReplacement } from '../../cluster-file/membership-edit.ts'
import { type CommandHandler, textOption } from '../command.ts'
import { newNode, runMemberChange } from '../member.ts'

const memberReplaceCommand: CommandHandler = async (context, input) => {
  const [old = '', by = old] = input.args
  const change = await memberReplacement(context.file, old, newNode(by, input), textOption(input, 'recreate'))
  return await runMemberChange(context, input, change)
}

export default memberReplaceCommand
