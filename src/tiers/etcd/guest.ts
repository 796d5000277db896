/**
 * The gate through which another tier stands on etcd: one that keeps something in the cluster itself. etcd plans and carries
 * it out for it, once the cluster is settled; what such a tier needs to know of etcd is here.
 */
import type { BlockReason, EngineStep } from '../../engine/step.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Observed } from './facts/observed.ts'
import type { ClusterKinds, HostKinds } from './steps/kind.ts'

export type { ClusterKinds, HostKinds, Observed }

/** As tiers name it that stand on it (`after`). */
export const ETCD = 'etcd'

/** `S`: its steps. All of it pure, but what carries a step out. */
export interface Guest<S extends EngineStep> {
  readonly name: string
  /** All that is known of its kinds of steps. */
  readonly kinds: ClusterKinds<S>
  /** What stands in the way of it: said before anything is touched. */
  readonly refusals: (cluster: Cluster, observed: Observed) => readonly BlockReason[]
  /** What is to be done in a cluster that is settled; empty: it is as the cluster file asks for. */
  readonly steps: (cluster: Cluster, observed: Observed) => readonly S[]
}
