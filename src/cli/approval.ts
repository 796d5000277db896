/** The yes before anything that takes a member away, or changes who is one. */
import type { Plan } from '../plan/plan.ts'
import type { Step } from '../plan/steps.ts'
import { confirm } from './ask.ts'
import type { CliContext } from './context.ts'
import type { ProgressRenderer } from './render-progress.ts'
import { renderPlan } from './render-plan.ts'

/** Shows the whole plan, and asks; says nothing where nothing in it is a risk. @throws QuorateError `unconfirmed`, `declined`, `cancelled` */
export function approval(context: CliContext, ask: ProgressRenderer['hold']): (plan: Plan) => Promise<void> {
  return async (plan) => {
    await ask(async () => {
      if (!context.json && !context.assumeYes) context.err(renderPlan(plan, context.colors))
      await confirm(context, question(plan.waves.flat()))
    })
  }
}

/** What the risk is, in a sentence or two. */
function question(steps: readonly Step[]): string {
  const restarts = steps.flatMap((step) => (step.kind === 'restart' ? [step.host] : []))
  const closed = steps.flatMap((step) => (step.kind === 'restart' ? (step.closes ?? []) : []))
  const changes = steps.filter((step) => step.danger === 'membership').map(({ what }) => what)
  // Of one or two members the step says what stands still meanwhile.
  const outages = steps.flatMap((step) =>
    step.kind === 'restart' ? (/^restart etcd\.service: (.*)$/.exec(step.what)?.slice(1) ?? []) : [],
  )
  const parts = [
    ...(changes.length > 0 ? [`The membership changes, one at a time: ${changes.join('; ')}.`] : []),
    ...(closed.length > 0
      ? [
          `Clients that still speak http there are turned away from then on: ${[...new Set(closed)].join(', ')}.`,
        ]
      : []),
    ...(restarts.length > 0
      ? [`Members restart, one at a time and the leader last: ${[...new Set(restarts)].join(', ')}.`]
      : []),
    ...[...new Set(outages)].map((outage) => `${outage.charAt(0).toUpperCase()}${outage.slice(1)}.`),
  ]
  return `${parts.join(' ')} Go on?`
}
