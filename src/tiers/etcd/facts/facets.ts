/** What a verb needs to see, as data. What it does not ask for is not looked at, costs nothing, and is empty in what it is given. */
import type { Hosts } from '../../../engine/tier.ts'

export interface Facets {
  /** Whose machines are looked at: every node's, or those that run etcd. */
  readonly machines: 'every' | 'etcd'
  /** Those that can't be reached: nothing is decided on half a picture, or they are left out. */
  readonly unreachable: 'refuse' | 'leave-out'
  /**
   * Who is asked: members whose unit is up, once their machines have been looked at; or all, wherever they listen and whatever
   * runs them, at the same time. undefined: nobody.
   */
  readonly members?: 'running' | 'all'
  /** Given what the machines show: asks nobody unless this is true. */
  readonly askedIf?: (hosts: Hosts) => boolean
  /** The CA, and what is wrong with every certificate. */
  readonly certificates?: true
  /** What flannel has stored, if the cluster file has a network. */
  readonly network?: true
  /** What tiers beside etcd find out by themselves. */
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

/** For the planner, where all that stands beside etcd is planned as well. */
export const WHOLE: Facets = { ...EVERYTHING, beside: true }

/** For work that must not wait for any member to answer. */
export const CERTIFICATES: Facets = { machines: 'every', unreachable: 'refuse', certificates: true }

/** For members that run, or should: what each says, and what its machine shows. */
export const MEMBERS: Facets = { machines: 'etcd', unreachable: 'leave-out', members: 'all' }
