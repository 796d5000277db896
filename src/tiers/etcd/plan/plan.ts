/** The whole plan, foreseen: `next` over `predict` until nothing is left to do. */
import { infeasible } from './feasible.ts'
import type { ApplyIntent } from './intent.ts'
import { next } from './next.ts'
import type { Observed } from '../facts/observed.ts'
import { predict } from '../steps/predict.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import type { BlockReason, Next, Step } from '../steps/steps.ts'

export interface Plan {
  /** In the order of the waves that they will run in. */
  readonly waves: readonly (readonly Step[])[]
  /** Why it can't be carried out, or not to its end; empty: it can. */
  readonly blocked: readonly BlockReason[]
}

/** More waves than any plan has: a planner that never ends is a bug, and says so. */
const TOO_MANY_WAVES = 50

export function plan(intent: ApplyIntent, observed: Observed): Plan {
  return foresee(intent.cluster, observed, (state) => next(intent, state))
}

/** As `plan`, for any planner: `decide` is asked again and again what comes next. */
export function foresee(cluster: Cluster, observed: Observed, decide: (state: Observed) => Next): Plan {
  const waves: (readonly Step[])[] = []
  let state = observed
  const whole = (reasons: readonly BlockReason[]): Plan => ({
    waves,
    blocked: [...reasons, ...infeasible(cluster, observed, waves.flat())],
  })
  while (waves.length < TOO_MANY_WAVES) {
    const answer = decide(state)
    if (answer.kind === 'done') return whole([])
    if (answer.kind === 'blocked') return whole(answer.reasons)
    // Members that can't be seen are waited for, and nobody knows what they will be like.
    if (JSON.stringify(answer.steps) === JSON.stringify(waves.at(-1))) return whole([])
    waves.push(answer.steps)
    for (const step of answer.steps) state = predict(cluster, state, step)
  }
  throw new Error(
    `the plan does not end: ${waves
      .at(-1)
      ?.map((step) => step.what)
      .join(', ')}`,
  )
}
