import { stopMembers } from '../../verbs/power/power.ts'
import type { CommandHandler } from '../command.ts'
import { runPower } from '../power.ts'

const stopCommand: CommandHandler = async (context, input) =>
  await runPower(context, input, { act: stopMembers, question: 'Stop these members?', past: 'stopped' })

export default stopCommand
