import { memberRemoval } from '../../cluster-file/membership-edit.ts'
import type { CommandHandler } from '../command.ts'
import { runMemberChange } from '../member.ts'

const memberRemoveCommand: CommandHandler = async (context, input) =>
  await runMemberChange(context, input, await memberRemoval(context.file, [...new Set(input.args)]))

export default memberRemoveCommand
