/**
 * A product other than etcd, as data and pure functions: what it needs on a node, how the node is observed, and which steps
 * it takes. The code that composes tiers (`apply`, `plan`, `status`, `preflight`) knows no product.
 */
import type { NodeNeeds } from '../host/needs.ts'
import type { Contents } from '../host/parcel.ts'
import type { Look } from '../host/operations.ts'
import type { HostState } from '../host/state.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { BlockReason, EngineStep } from './step.ts'
import type { Note } from './note.ts'
import type { TierReset } from './tier-reset.ts'
import type { Hosts, TierSession } from './tier-session.ts'

export type { Hosts, TierSession }

/** `S`: its steps. `facts`: the result of its `observe`; undefined: not asked. */
export interface Tier<S extends EngineStep = EngineStep> extends NodeNeeds {
  readonly name: string
  /** Names of tiers that must be settled before it, `etcd` among them. Empty: its steps are in the first stage. */
  readonly after: readonly string[]
  /** What prevents it, reported before any change. */
  readonly refusals: (cluster: Cluster, hosts: Hosts, facts?: unknown) => readonly BlockReason[]
  /** Steps that need no other node, of a tier that depends on others: they are in the first stage. */
  readonly early?: (cluster: Cluster, hosts: Hosts, stamp: string, facts?: unknown) => readonly S[]
  /**
   * The next stage: the steps of each host in this order, all hosts at once. Asked again after each stage. Empty: nothing
   * to do.
   */
  readonly steps: (cluster: Cluster, hosts: Hosts, stamp: string, facts?: unknown) => readonly S[]
  /** Facts that the nodes don't show: from a cluster of its own, or from a clock. */
  readonly observe?: (session: TierSession, hosts: Hosts) => Promise<unknown>
  /**
   * Obtains what the steps of a stage need but don't carry, because it is large or secret, for all of them at once.
   *
   * @param steps those of the stage, of any tier
   * @returns what each of this tier's takes along; undefined for others
   */
  readonly equip?: (
    session: TierSession,
    world: { readonly hosts: Hosts; readonly facts: unknown },
    steps: readonly EngineStep[],
  ) => Promise<(step: EngineStep) => Contents | undefined>
  /** Those of its facts that don't change by themselves: a saved plan is valid while they are unchanged. Default: none. */
  readonly lasting?: (facts: unknown) => unknown
  /** Notes for operators in `plan` and after `apply`, about what no step changes. */
  readonly notes?: (cluster: Cluster, facts: unknown) => readonly string[]
  /** The gate for tiers that depend on it: true if it matches the cluster file. */
  readonly settled: (cluster: Cluster, hosts: Hosts, facts?: unknown) => boolean
  /** How it is removed; undefined: `reset` doesn't change it. */
  readonly reset?: TierReset<S> | undefined
  /**
   * What `status` reports of it. Never throws for a node that does not answer.
   *
   * @param session for a tier that asks more than its nodes
   */
  readonly report: (cluster: Cluster, ask: AskNode, session: TierSession) => Promise<TierReport | undefined>
}

/** Observes a node; undefined: it does not answer. */
export type AskNode = (
  node: Node,
  looks: readonly Look[],
) => Promise<{ readonly services: HostState['services']; readonly answers: readonly string[] } | undefined>

/** Stable and documented in docs/guides/status.md. */
export interface TierReport {
  readonly tier: string
  /** null: not known. */
  readonly serving: boolean | null
  /** Whether all of it is healthy, if the cluster's health depends on it; null: unknown. */
  readonly healthy?: boolean | null
  /** One line on all of it. */
  readonly summary: string
  /** Its parts, if they say more than the summary. */
  readonly parts?: readonly TierPart[]
  /** Its problems, each with a fix. */
  readonly notes: readonly string[]
  /** The same, in the same order, for programs. */
  readonly noteDetails: readonly Note[]
}

export interface TierPart {
  readonly part: string
  /** null: not known. */
  readonly serving: boolean | null
  readonly summary: string
}
