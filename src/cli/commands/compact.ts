import { compactHistory, compactTarget } from '../../operations/compact.ts'
import { type CommandHandler, countOption, flagOption } from '../command.ts'
import { asking, printDone } from '../maintenance.ts'
import { probeChoice } from '../probe-choice.ts'
import { withSession } from '../with-session.ts'

const compactCommand: CommandHandler = async (context, input) => {
  const target = compactTarget(
    countOption(input, 'keep', '--keep'),
    countOption(input, 'revision', '--revision'),
  )
  return await withSession(context, async (session, ask) => {
    const report = await compactHistory(session, {
      target,
      physical: flagOption(input, 'physical'),
      confirm: asking(context, ask, 'Remove this history now?'),
      probe: probeChoice(input),
    })
    const { changed, revision } = report
    if (context.json) printDone(context, { ...report })
    else
      context.out(
        changed
          ? `the history before revision ${revision} is gone\n`
          : `nothing to change: the history before revision ${revision} is gone already\n`,
      )
    return 0
  })
}

export default compactCommand
