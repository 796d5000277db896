import { planApply } from '../../operations/apply.ts'
import { savePlan } from '../../operations/plan-file.ts'
import { type CommandHandler, textOption } from '../command.ts'
import { stepJson } from '../render-progress.ts'
import { planSummary, renderPlan } from '../render-plan.ts'
import { withSession } from '../with-session.ts'

/** Exit code where there are changes: not 0, so that scripts can tell, and not 1, which is trouble. */
const CHANGES = 2

const plan: CommandHandler = async (context, input) => {
  const quiet = context.json ? { emit: () => undefined } : {}
  return await withSession(
    context,
    async (session) => {
      const report = await planApply(session)
      const steps = report.waves.flat()
      const out = textOption(input, 'out')
      if (context.json) {
        context.out(
          `${JSON.stringify({ changes: steps.length, waves: report.waves.map((wave) => wave.map(stepJson)), blocked: report.blocked }, null, 2)}\n`,
        )
      } else {
        if (steps.length > 0 || report.blocked.length > 0)
          context.out(`${renderPlan(report, context.colors)}\n`)
        context.out(`${planSummary(report)}\n`)
      }
      if (out !== undefined && report.blocked.length === 0) {
        await savePlan(out, report)
        context.err(`written to ${out}; carry it out with: quorate apply ${out}\n`)
      }
      if (report.blocked.length > 0) return 8
      return steps.length > 0 ? CHANGES : 0
    },
    quiet,
  )
}

export default plan
