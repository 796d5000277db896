import { startMembers } from '../../verbs/power/power.ts'
import type { CommandHandler } from '../command.ts'
import { runPower } from '../power.ts'

const startCommand: CommandHandler = async (context, input) =>
  await runPower(context, input, { act: startMembers, question: 'Start these members?', past: 'started' })

export default startCommand
