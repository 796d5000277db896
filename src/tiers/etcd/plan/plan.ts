/** The whole plan of an apply, or of any other planner of etcd's. */
import * as engine from '../../../engine/foresee.ts'
import type * as step from '../../../engine/step.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import { ETCD_STEPS } from '../steps/kinds.ts'
import { predict } from '../steps/predict.ts'
import type { Next, Step } from '../steps/steps.ts'
import { infeasible } from './feasible.ts'
import type { ApplyIntent } from './intent.ts'
import { next } from './next.ts'

export type Plan = step.Plan<Step>

/** `next` over `predict` until nothing is left to do. */
export function plan(intent: ApplyIntent, observed: Observed): Plan {
  return foresee(intent.cluster, observed, (state) => next(intent, state))
}

/** Like `plan`, for any planner: `decide` returns the next steps, again and again. */
export function foresee(cluster: Cluster, observed: Observed, decide: (state: Observed) => Next): Plan {
  return engine.foresee<Observed, Step>(observed, {
    decide,
    predict: (state, one) => predict(cluster, state, one),
    infeasible: (seen, steps) => infeasible(cluster, seen, steps),
    steps: ETCD_STEPS,
  })
}
