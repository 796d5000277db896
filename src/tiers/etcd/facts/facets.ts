/** What a command needs to observe, as data. The rest is not observed, costs nothing, and is empty in the result. */
import type { Hosts } from '../../../engine/tier.ts'

export interface Facets {
  /** The nodes to observe: all, or those that run etcd. */
  readonly machines: 'every' | 'etcd'
  /** Unreachable nodes: either an error, or left out. */
  readonly unreachable: 'refuse' | 'leave-out'
  /**
   * The members to ask. `running`: those whose unit is up, after their nodes were observed. `all`: every one, wherever
   * it listens and whatever runs it, at the same time. undefined: none.
   */
  readonly members?: 'running' | 'all'
  /** Gets the nodes' state: no member is asked unless this returns true. */
  readonly askedIf?: (hosts: Hosts) => boolean
  /** The CA, and the faults of every certificate. */
  readonly certificates?: true
  /** flannel's stored configuration, if the cluster file has a network. */
  readonly network?: true
  /** The other tiers' own facts. */
  readonly beside?: true
}

/** For the planner. */
export const EVERYTHING: Facets = {
  machines: 'every',
  unreachable: 'refuse',
  members: 'running',
  certificates: true,
  network: true,
}

/** For the planner, if the other tiers are planned as well. */
export const WHOLE: Facets = { ...EVERYTHING, beside: true }

/** For work that must not wait for any member to answer. */
export const CERTIFICATES: Facets = { machines: 'every', unreachable: 'refuse', certificates: true }

/** For members that run, or should: what each reports, and what its node shows. */
export const MEMBERS: Facets = { machines: 'etcd', unreachable: 'leave-out', members: 'all' }
