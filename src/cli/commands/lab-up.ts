import { labUp } from '../../verbs/machines/lab.ts'
import type { CommandHandler } from '../command.ts'
import { labEmitter } from '../lab-emitter.ts'
import { loadForCommand } from '../with-session.ts'
import { counted, plural } from '../../spec/units.ts'
import { printValue } from '../output/print-json.ts'

const labUpCommand: CommandHandler = async (context) => {
  const cluster = await loadForCommand(context)
  const started = performance.now()
  const { booted, running } = await labUp(cluster, { emit: labEmitter(context), signal: context.signal })
  if (context.json) {
    printValue(context, 'lab up', { booted, running })
    return 0
  }
  const took = ((performance.now() - started) / 1000).toFixed(1)
  context.out(
    booted.length === 0
      ? `${counted(running.length, 'node')} ${plural(running.length, 'runs', 'run')} already\n`
      : `booted ${booted.join(', ')} in ${took} s\n`,
  )
  return 0
}

export default labUpCommand
