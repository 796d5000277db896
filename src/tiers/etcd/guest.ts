/**
 * The interface for a tier that keeps data in etcd itself. Once the cluster is settled, etcd's planner plans and carries out
 * its steps. This file has everything that such a tier needs to know of etcd.
 */
import type { BlockReason, EngineStep } from '../../engine/step.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Observed } from './facts/observed.ts'
import type { ClusterKinds, HostKinds } from './steps/kind.ts'

export type { ClusterKinds, HostKinds, Observed }

/** The name that dependent tiers use (`after`). */
export const ETCD = 'etcd'

/** `S`: its steps. All functions are pure, except the one that carries a step out. */
export interface Guest<S extends EngineStep> {
  readonly name: string
  /** The properties of its kinds of steps. */
  readonly kinds: ClusterKinds<S>
  /** What prevents it, reported before any change. */
  readonly refusals: (cluster: Cluster, observed: Observed) => readonly BlockReason[]
  /** Its steps in a settled cluster; empty: it matches the cluster file. */
  readonly steps: (cluster: Cluster, observed: Observed) => readonly S[]
}
