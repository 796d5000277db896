import { EXIT_CODES } from '../../errors.ts'
import { wholeIntent, planApply } from '../../verbs/apply/apply.ts'
import { savePlan } from '../../verbs/apply/plan-file.ts'
import { versionWarnings } from '../../tiers/etcd/version-warnings.ts'
import { type CommandHandler, flagOption, textOption } from '../command.ts'
import { keptStopped } from '../../tiers/etcd/plan/kept.ts'
import { planSummary, renderPlan } from '../render-plan.ts'
import { planJson } from '../../tiers/etcd/steps/plan-json.ts'
import { quoteWord } from '../../ssh/quote.ts'
import { withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

/** Exit code if there are changes: not 0, so that scripts can detect it; not 1, which is a failure. */
const CHANGES = 2

const plan: CommandHandler = async (context, input) =>
  await withSession(
    context,
    async (session) => {
      const startStopped = flagOption(input, 'startStopped')
      const report = await planApply(session, wholeIntent(session.cluster, session.now(), { startStopped }))
      const stopped = keptStopped(report.intent, report.observed).map(({ name }) => name)
      const steps = report.waves.flat()
      const out = textOption(input, 'out')
      const warnings = steps.some((step) => step.kind === 'binaries')
        ? await versionWarnings(session, report.observed)
        : []
      if (context.json) {
        printValue(context, 'plan', { ...planJson(report), stopped, versionWarnings: warnings })
      } else {
        // A plan that is not saved gets a new token each time, so its value is shown as unknown.
        const unknown = out === undefined ? [report.intent.freshToken] : []
        if (steps.length > 0 || report.blocked.length > 0) {
          context.out(`${renderPlan(report, context.colors, { verbose: context.verbose, unknown })}\n`)
        }
        for (const text of warnings) context.out(`${context.colors.yellow('!')} ${text}\n`)
        context.out(`${planSummary(report)}\n`)
      }
      if (out !== undefined && report.blocked.length === 0) {
        await savePlan(out, report)
        context.err(`wrote ${out}; apply it: quorate apply ${quoteWord(out)}\n`)
      }
      if (report.blocked.length > 0) return EXIT_CODES.blocked
      return steps.length > 0 ? CHANGES : 0
    },
    { warn: true },
  )

export default plan
