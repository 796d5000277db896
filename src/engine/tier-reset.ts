/** How a tier is removed, as data and pure functions. `quorate reset` composes tiers, and knows no product. */
import type { Look } from '../host/operations.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { BlockReason, EngineStep } from './step.ts'
import type { Hosts, TierSession } from './tier-session.ts'

/** `S`: its steps. */
export interface TierReset<S extends EngineStep = EngineStep> {
  /** Whether the tier has anything on that node. */
  readonly concerns: (cluster: Cluster, node: Node) => boolean
  /** What such a node is asked in addition to the tier's own observations. */
  readonly looks?: (cluster: Cluster, node: Node) => readonly Look[]
  /** Text of a program with agent operations that only a reset needs. */
  readonly extension?: string | undefined
  /** Facts that the nodes don't show; passed back as `facts`. */
  readonly observe?: (session: TierSession, hosts: Hosts, request: ResetRequest) => Promise<unknown>
  /** What prevents the reset, reported before any change. */
  readonly refusals: (scene: ResetScene) => readonly BlockReason[]
  /** Empty: nothing of it is left. */
  readonly stages: (scene: ResetScene) => ResetStages<S>
  /** What to know before confirming: what is kept, and the consequence. */
  readonly notes: (scene: ResetScene) => readonly string[]
}

export interface ResetRequest {
  /** Those that are reset. */
  readonly nodes: readonly Node[]
  /** The whole tier: nothing of it serves afterwards. */
  readonly whole: boolean
  /** Suffix of renamed files. */
  readonly suffix: string
  /** Also deletes what the tier keeps in etcd. */
  readonly objects: boolean
}

export interface ResetScene {
  readonly cluster: Cluster
  /** The nodes to reset, in their present state. */
  readonly hosts: Hosts
  readonly request: ResetRequest
  readonly facts?: unknown
}

export interface ResetStages<S extends EngineStep = EngineStep> {
  /** Through the tier itself, while it serves. */
  readonly before: readonly S[]
  /** Of each host in this order, all hosts at once. */
  readonly machines: readonly S[]
  /** After the nodes have nothing of it any more. */
  readonly after: readonly S[]
}

/** A tier's place among the others. */
interface Placed {
  readonly name: string
  /** Names of tiers that it depends on. */
  readonly after: readonly string[]
}

export const NO_STAGES: ResetStages<never> = { before: [], machines: [], after: [] }

/**
 * A tier with its dependents, which come first, and with the tiers that only it uses, which come last: only Kubernetes uses
 * containerd. etcd is never among them.
 */
export function tiersToReset<T extends Placed>(tiers: readonly T[], name: string): readonly T[] {
  const chosen = withAllThatGo(tiers, new Set([name]))
  return dependentsFirst(tiers.filter((tier) => chosen.has(tier.name)))
}

function withAllThatGo(tiers: readonly Placed[], chosen: ReadonlySet<string>): ReadonlySet<string> {
  const further = tiers.filter((tier) => {
    const users = tiers.filter(({ after }) => after.includes(tier.name))
    const isForThemAlone = users.length > 0 && users.every((user) => chosen.has(user.name))
    return isForThemAlone || tier.after.some((base) => chosen.has(base))
  })
  const grown = new Set([...chosen, ...further.map((tier) => tier.name)])
  return grown.size === chosen.size ? chosen : withAllThatGo(tiers, grown)
}

function dependentsFirst<T extends Placed>(tiers: readonly T[]): readonly T[] {
  const next = tiers.find(({ name }) => tiers.every(({ after }) => !after.includes(name)))
  return next === undefined ? [] : [next, ...dependentsFirst(tiers.filter((tier) => tier !== next))]
}
