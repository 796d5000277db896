import { labDown } from '../../verbs/machines/lab.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { labEmitter } from '../lab-emitter.ts'
import { loadForCommand } from '../with-session.ts'

const labDownCommand: CommandHandler = async (context, input) => {
  const cluster = await loadForCommand(context)
  const purge = flagOption(input, 'purge')
  await labDown(cluster, { purge, emit: labEmitter(context), signal: context.signal })
  if (context.json) context.out(`${JSON.stringify({ down: true, purged: purge })}\n`)
  return 0
}

export default labDownCommand
