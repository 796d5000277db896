import { labDown } from '../../verbs/machines/lab.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { labEmitter } from '../lab-emitter.ts'
import { loadForCommand } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const labDownCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const purge = flagOption(input, 'purge')
  await labDown(cluster, { purge, emit: labEmitter(context), signal: context.signal })
  if (context.json) printValue(context, 'lab down', { down: true, purged: purge })
  return 0
}

export default labDownCommand
