/**
 * A product beside etcd, as data and pure functions: what it needs on a machine, how the machine is looked at, and what is to
 * be done there. Whoever composes them (`apply`, `plan`, `status`, `preflight`) knows no product.
 */
import type { NodeNeeds } from '../host/needs.ts'
import type { Contents } from '../host/parcel.ts'
import type { Look } from '../host/operations.ts'
import type { HostState } from '../host/state.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { BlockReason, EngineStep } from './step.ts'
import type { TierReset } from './tier-reset.ts'
import type { Hosts, TierSession } from './tier-session.ts'

export type { Hosts, TierSession }

/** `S`: its steps. `facts`: what its `observe` has found out; undefined: nobody asked. */
export interface Tier<S extends EngineStep = EngineStep> extends NodeNeeds {
  readonly name: string
  /** Names of tiers that have to be settled before it, `etcd` among them. Empty: its steps share the first wave with all others'. */
  readonly after: readonly string[]
  /** What stands in the way of it: said before anything is touched. */
  readonly refusals: (cluster: Cluster, hosts: Hosts, facts?: unknown) => readonly BlockReason[]
  /** Steps that need no other machine, of a tier that stands on others: they share the first wave with all others'. */
  readonly early?: (cluster: Cluster, hosts: Hosts, stamp: string, facts?: unknown) => readonly S[]
  /**
   * What is to be done next, in one wave: of each host in this order, all hosts at once. It is asked again after each wave.
   * Empty: nothing is to be done.
   */
  readonly steps: (cluster: Cluster, hosts: Hosts, stamp: string, facts?: unknown) => readonly S[]
  /** What is to be known of it beside what the machines show: a cluster of its own says it, or a clock. */
  readonly observe?: (session: TierSession, hosts: Hosts) => Promise<unknown>
  /**
   * Obtains what steps of a wave need and do not carry, because it is large or secret, for all of them at once.
   *
   * @param steps those of the wave, of any tier
   * @returns what each of this tier's takes along; undefined for others
   */
  readonly equip?: (
    session: TierSession,
    world: { readonly hosts: Hosts; readonly facts: unknown },
    steps: readonly EngineStep[],
  ) => Promise<(step: EngineStep) => Contents | undefined>
  /** Of its facts what does not change by itself: a saved plan holds while that is as it was. Unless given: nothing. */
  readonly lasting?: (facts: unknown) => unknown
  /** What operators are told of it in `plan` and after `apply`, that no step changes. */
  readonly notes?: (cluster: Cluster, facts: unknown) => readonly string[]
  /** The gate of tiers that stand on it: it is as the cluster file asks for. */
  readonly settled: (cluster: Cluster, hosts: Hosts, facts?: unknown) => boolean
  /** How it is taken away again; undefined: `reset` leaves it as it is. */
  readonly reset?: TierReset<S> | undefined
  /**
   * What `status` says of it. Never throws for a machine that does not answer.
   *
   * @param session for a tier that asks more than its nodes
   */
  readonly report: (cluster: Cluster, ask: AskNode, session: TierSession) => Promise<TierReport | undefined>
}

/** Looks at a node; undefined: it does not answer. */
export type AskNode = (
  node: Node,
  looks: readonly Look[],
) => Promise<{ readonly services: HostState['services']; readonly answers: readonly string[] } | undefined>

/** Stable and documented in docs/guides/status.md. */
export interface TierReport {
  readonly tier: string
  /** null: not known. */
  readonly serving: boolean | null
  /** Whether all of it is well, where the cluster's health depends on that; null: not known. */
  readonly healthy?: boolean | null
  /** One line on all of it. */
  readonly summary: string
  /** What it consists of, where that says more than the summary. */
  readonly parts?: readonly TierPart[]
  /** What is not as it should be, and what to do about it. */
  readonly notes: readonly string[]
}

export interface TierPart {
  readonly part: string
  /** null: not known. */
  readonly serving: boolean | null
  readonly summary: string
}
