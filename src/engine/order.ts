/** The order within a wave; the simulation keeps the same. */
import { type ClusterStep, type HostStep, type Step, isHostStep } from '../tiers/etcd/steps/steps.ts'

export interface WaveOrder {
  /** The CA is made beside everything else: nothing in its wave waits for it. */
  readonly authority: readonly ClusterStep[]
  /** First, one after the other. */
  readonly cluster: readonly Exclude<ClusterStep, { kind: 'authority' }>[]
  /** Then each host's in their order, all hosts at once. */
  readonly hosts: ReadonlyMap<string, readonly HostStep[]>
}

export function orderOf(steps: readonly Step[]): WaveOrder {
  const cluster = steps.filter((step): step is ClusterStep => !isHostStep(step))
  return {
    authority: cluster.filter((step) => step.kind === 'authority'),
    cluster: cluster.filter((step) => step.kind !== 'authority'),
    hosts: Map.groupBy(steps.filter(isHostStep), (step) => step.host),
  }
}
