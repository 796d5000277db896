import { restartMembers } from '../../verbs/power/power.ts'
import type { CommandHandler } from '../command.ts'
import { runPower } from '../power.ts'

const restartCommand: CommandHandler = async (context, input) =>
  await runPower(context, input, {
    act: restartMembers,
    question: 'Restart these members?',
    past: 'restarted',
  })

export default restartCommand
