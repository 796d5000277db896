/** Shows the plan before anything is changed, and asks. */
import { stopsMember } from '../tiers/etcd/steps/actions.ts'
import type { Plan } from '../tiers/etcd/plan/plan.ts'
import type { Step } from '../tiers/etcd/steps/steps.ts'
import { planJson } from '../tiers/etcd/steps/plan-json.ts'
import { confirm } from './ask.ts'
import type { CliContext } from './context.ts'
import type { ProgressRenderer } from './render-progress.ts'
import { planSummary, renderPlan } from './render-plan.ts'
import { printLine } from './output/print-json.ts'

/**
 * Always shows the whole plan, and then asks. Without a terminal, a plan that neither interrupts a member nor changes
 * the members is carried out: it needs no decision.
 *
 * @throws QuorateError `unconfirmed`, `declined`, `cancelled`
 */
export function approval(context: CliContext, ask: ProgressRenderer['hold']): (plan: Plan) => Promise<void> {
  return async (plan) => {
    await ask(async () => {
      showPlan(context, plan)
      const steps = plan.waves.flat()
      const isRisk = steps.some(({ danger }) => danger !== 'none')
      if (!isRisk && !context.interactive) return
      await confirm(context, question(steps), { stopsMember: stopsMember(steps) })
    })
  }
}

/** Text goes to standard error, as progress does; with `--json` it is an event. */
export function showPlan(context: CliContext, plan: Plan): void {
  const { json, colors, verbose } = context
  if (json) printLine(context, 'apply', { type: 'plan', ...planJson(plan) })
  else context.err(`${renderPlan(plan, colors, { verbose })}\n${planSummary(plan)}\n`)
}

/** What is asked last. */
export const APPLY_QUESTION = 'Apply this plan?'

/** The risk of a plan with restarts. */
export const RESTARTS = 'Members restart, one at a time and the leader last'

/** The risk, in a sentence or two. */
function question(steps: readonly Step[]): string {
  const restarts = steps.flatMap((step) => (step.kind === 'restart' ? [step.host] : []))
  const closed = steps.flatMap((step) => (step.kind === 'restart' ? (step.closes ?? []) : []))
  const changes = steps.filter((step) => step.danger === 'membership').map(({ what }) => what)
  // With one or two members the step names the downtime.
  const outages = steps.flatMap((step) => (step.kind === 'restart' ? (step.outage ?? []) : []))
  const parts = [
    ...(changes.length > 0 ? [`Membership changes, one at a time: ${changes.join('; ')}.`] : []),
    ...(closed.length > 0
      ? [`From then on these nodes refuse clients that use http: ${[...new Set(closed)].join(', ')}.`]
      : []),
    ...(restarts.length > 0 ? [`${RESTARTS}: ${[...new Set(restarts)].join(', ')}.`] : []),
    ...[...new Set(outages)].map((outage) => `${outage.charAt(0).toUpperCase()}${outage.slice(1)}.`),
    APPLY_QUESTION,
  ]
  return parts.join(' ')
}
