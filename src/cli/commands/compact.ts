import { compactHistory, compactTarget } from '../../verbs/space/compact.ts'
import { QuorateError } from '../../errors.ts'
import { type CommandHandler, type CommandInput, flagOption, textOption } from '../command.ts'
import { asking } from '../maintenance.ts'
import { probeChoice } from '../probe-choice.ts'
import { withSession } from '../with-session.ts'
import { printLine } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const compactCommand: CommandHandler = async (context, input) => {
  const target = compactTarget(revisions(input, 'keep'), revisions(input, 'revision'))
  return await withSession(context, async (session, ask) => {
    const report = await compactHistory(session, {
      target,
      physical: flagOption(input, 'physical'),
      confirm: asking(context, ask, 'Remove this history?'),
      probe: probeChoice(input),
    })
    const { changed, revision } = report
    if (context.json) printLine(context, 'compact', { type: 'done', ...report })
    else
      context.out(
        changed
          ? `removed the history before revision ${revision}\n`
          : `${UNCHANGED}: the history before revision ${revision} is already removed\n`,
      )
    return 0
  })
}

/** A busy cluster has billions of revisions. */
function revisions(input: CommandInput, name: string): number | undefined {
  const text = textOption(input, name)
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new QuorateError('usage', `--${name}: "${text}" is not a positive integer`)
}

export default compactCommand
