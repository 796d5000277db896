/** How a tier is taken away again, as data and pure functions. `quorate reset` composes tiers, and knows no product. */
import type { Look } from '../host/operations.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { BlockReason, EngineStep } from './step.ts'
import type { Hosts, TierSession } from './tier-session.ts'

/** `S`: its steps. */
export interface TierReset<S extends EngineStep = EngineStep> {
  /** Whether the tier has anything on that node. */
  readonly concerns: (cluster: Cluster, node: Node) => boolean
  /** What such a node is asked beside the tier's own looks. */
  readonly looks?: (cluster: Cluster, node: Node) => readonly Look[]
  /** Text of a program with operations of the agent that only a reset needs. */
  readonly extension?: string | undefined
  /** What is to be known beside what the machines show; handed back as `facts`. */
  readonly observe?: (session: TierSession, hosts: Hosts, request: ResetRequest) => Promise<unknown>
  /** What stands in the way: said before anything is touched. */
  readonly refusals: (scene: ResetScene) => readonly BlockReason[]
  /** Empty: nothing of it is left. */
  readonly stages: (scene: ResetScene) => ResetStages<S>
  /** What a person has to know who agrees to it: what stays, and what that means. */
  readonly notes: (scene: ResetScene) => readonly string[]
}

export interface ResetRequest {
  /** Those that are reset. */
  readonly nodes: readonly Node[]
  /** All that the tier has: nothing of it serves afterwards. */
  readonly whole: boolean
  /** Ends the names of what is moved aside. */
  readonly suffix: string
  /** What the tier keeps in etcd is removed as well. */
  readonly objects: boolean
}

export interface ResetScene {
  readonly cluster: Cluster
  /** The nodes that are reset, as they are. */
  readonly hosts: Hosts
  readonly request: ResetRequest
  readonly facts?: unknown
}

export interface ResetStages<S extends EngineStep = EngineStep> {
  /** Through the tier itself, while it serves. */
  readonly before: readonly S[]
  /** Of each host in this order, all hosts at once. */
  readonly machines: readonly S[]
  /** When the machines have nothing of it any more. */
  readonly after: readonly S[]
}

/** A tier, as far as its place among the others goes. */
interface Placed {
  readonly name: string
  /** Names of tiers that it stands on. */
  readonly after: readonly string[]
}

export const NO_STAGES: ResetStages<never> = { before: [], machines: [], after: [] }

/**
 * A tier with those that stand on it, which come first, and with those that it alone stands on, which come last: containerd has no
 * other use than Kubernetes. etcd is no tier of these, and never among them.
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
