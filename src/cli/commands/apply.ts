import { QuorateError } from '../../errors.ts'
import { apply, wholeIntent } from '../../verbs/apply/apply.ts'
import { guardOf } from '../../verbs/apply/plan-file.ts'
import type { Plan } from '../../tiers/etcd/plan/plan.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { quoteWord } from '../../ssh/quote.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { approval, showPlan } from '../approval.ts'
import { probeChoice } from '../probe-choice.ts'
import type { ProgressRenderer } from '../render-progress.ts'
import { withSession } from '../with-session.ts'
import { counted } from '../../spec/units.ts'
import { printLine } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const applyCommand: CommandHandler = async (context, input) => {
  const started = performance.now()
  const work = async (session: Session, ask: ProgressRenderer['hold']) => {
    const [planFile] = input.args
    const startStopped = flagOption(input, 'startStopped')
    if (planFile !== undefined && startStopped)
      throw new QuorateError(
        'usage',
        '--start-stopped has no effect on a plan file, which already contains the members to start',
        {
          hint: `plan again: quorate plan --start-stopped --out ${quoteWord(planFile)}`,
        },
      )
    // The operator has read the saved plan already, so it needs no confirmation.
    const guard =
      planFile === undefined
        ? {
            intent: wholeIntent(session.cluster, session.now(), { startStopped }),
            approve: approval(context, ask),
          }
        : {
            ...(await guardOf(planFile, session.cluster, session.now())),
            approve: async (plan: Plan) => await ask(async () => showPlan(context, plan)),
          }
    const report = await apply(session, { ...guard, probe: probeChoice(input) })
    const durationMs = Math.round(performance.now() - started)
    if (context.json) {
      const { changed, done, availability } = report
      printLine(context, 'apply', { type: 'done', changed, steps: done.length, durationMs, availability })
      return 0
    }
    if (!report.changed) context.out(`${UNCHANGED}\n`)
    else context.out(`done: ${counted(report.done.length, 'step')} in ${(durationMs / 1000).toFixed(1)} s\n`)
    return 0
  }
  return await withSession(context, work, { warn: true })
}

export default applyCommand
