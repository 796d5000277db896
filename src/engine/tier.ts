/**
 * A product beside etcd, as data and pure functions: what it needs on a machine, how the machine is looked at, and what is to
 * be done there. Whoever composes them (`apply`, `plan`, `status`, `preflight`) knows no product.
 */
import type { NodeNeeds } from '../host/needs.ts'
import type { Look } from '../host/operations.ts'
import type { HostState } from '../host/state.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { ServiceStep } from './service-steps.ts'
import type { BlockReason } from './step.ts'

export interface Tier extends NodeNeeds {
  readonly name: string
  /** Names of tiers that have to be settled before it, `etcd` among them. Empty: its steps share the first wave with all others'. */
  readonly after: readonly string[]
  /** What stands in the way of it: said before anything is touched. */
  readonly refusals: (cluster: Cluster, hosts: Hosts) => readonly BlockReason[]
  /** In one wave, of each host in this order, all hosts at once: what needs no other machine. Empty: nothing is to be done. */
  readonly steps: (cluster: Cluster, hosts: Hosts, stamp: string) => readonly ServiceStep[]
  /** The gate of tiers that stand on it: it is as the cluster file asks for. */
  readonly settled: (cluster: Cluster, hosts: Hosts) => boolean
  /** What `status` says of it. Never throws for a machine that does not answer. */
  readonly report: (cluster: Cluster, ask: AskNode) => Promise<TierReport | undefined>
}

/** By node name, as last looked at. */
export type Hosts = Readonly<Record<string, HostState>>

/** Looks at a node; undefined: it does not answer. */
export type AskNode = (
  node: Node,
  looks: readonly Look[],
) => Promise<{ readonly services: HostState['services']; readonly answers: readonly string[] } | undefined>

/** Stable and documented in docs/status.md. */
export interface TierReport {
  readonly tier: string
  /** null: not known. */
  readonly serving: boolean | null
  /** One line on all of it. */
  readonly summary: string
  /** What is not as it should be, and what to do about it. */
  readonly notes: readonly string[]
}
