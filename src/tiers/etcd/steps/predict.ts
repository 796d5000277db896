/** What things should be like after a step: how a plan is printed beforehand, and what the simulation runs on. */
import type { Cluster } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import { clusterKind, hostKind } from './kinds.ts'
import { type Step, isHostStep } from './steps.ts'

/** Each step's kind says it. */
export function predict(cluster: Cluster, before: Observed, step: Step): Observed {
  return isHostStep(step)
    ? hostKind(step).predict(cluster, before, step)
    : clusterKind(step).predict(cluster, before, step)
}
