/** The expected state after a step: used to print a plan in advance, and by the simulation. */
import type { Cluster } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import { clusterKind, hostKind } from './kinds.ts'
import { type Step, isHostStep } from './steps.ts'

/** Each step's kind defines it. */
export function predict(cluster: Cluster, before: Observed, step: Step): Observed {
  return isHostStep(step)
    ? hostKind(step).predict(cluster, before, step)
    : clusterKind(step).predict(cluster, before, step)
}
