/** A simulated cluster whose operator uses every command: what they see of it, one machine after another. */
import type { ClusterView, MemberView } from '../../../src/etcd/view.ts'
import type { HostState } from '../../../src/host/state.ts'
import { saidBy } from '../../../src/tiers/etcd/facts/judge-facts.ts'
import { type Standing, standingOf } from '../../../src/tiers/etcd/facts/standing.ts'
import { type Cluster, type Node, etcdNodes } from '../../../src/spec/cluster.ts'
import { settle } from '../etcd.ts'
import { Failure } from '../failure.ts'
import { lookAt } from '../look.ts'
import { type Raft, hasQuorum, serving } from '../raft.ts'
import { memberView } from '../view.ts'
import { type World, diskOf, raftOf } from '../world.ts'

export interface VerbWorld {
  readonly world: World
  /** The present cluster file. */
  cluster: Cluster
  /** Something happened since the last complete observation: the decider is not responsible for what is done then. */
  blind: boolean
  /** Hosts whose members were stopped on purpose, and not requested to start since. */
  readonly kept: Set<string>
}

export function verbWorld(world: World, cluster: Cluster): VerbWorld {
  return { world, cluster, blind: false, kept: new Set() }
}

export function raftIn({ world }: VerbWorld): Raft | undefined {
  return raftOf(world)
}

export function isReached({ world }: VerbWorld, name: string): boolean {
  const { off, unreachable } = diskOf(world, name)
  return !off && !unreachable
}

/** Reachable machines in their present state. */
export function lookAtHosts(vw: VerbWorld, nodes: readonly Node[]): Readonly<Record<string, HostState>> {
  vw.blind = false
  settle(vw.world, vw.cluster)
  const reached = nodes.filter(({ name }) => isReached(vw, name))
  return Object.fromEntries(reached.map((node) => [node.name, withLog(vw, node)]))
}

/** With the identity of the log, which is read while its member does not run. */
function withLog({ world }: VerbWorld, node: Node): HostState {
  const state = lookAt(world, node)
  const { process, wal } = diskOf(world, node.name)
  if (state.member === undefined || process !== undefined || wal === undefined) return state
  const { memberId, clusterId } = wal
  return { ...state, member: { ...state.member, logIdentity: { memberId, clusterId } } }
}

/** Like `standingNow` of the etcd tier. @throws Failure if no machine can be reached */
export function standingNow(vw: VerbWorld): Standing {
  const hosts = lookAtHosts(vw, etcdNodes(vw.cluster))
  if (Object.keys(hosts).length === 0) throw new Failure("can't connect to any machine")
  return standingOf(vw.cluster, { hosts, ...saidBy(vw.cluster, viewOf(vw)) })
}

export function viewOf(vw: VerbWorld): ClusterView {
  const members = etcdNodes(vw.cluster).map(({ name }): MemberView => {
    const reason = { kind: 'unreachable' as const, message: 'no answer in time', hint: undefined }
    if (!isReached(vw, name)) return { reachable: false, name, reason, unasked: 'unreachable' }
    return memberView(vw.world, vw.cluster, name)
  })
  return { members }
}

/** Names of members that answer linearizable reads from the workstation. */
export function answering(vw: VerbWorld): readonly string[] {
  const raft = raftIn(vw)
  if (raft === undefined || !hasQuorum(vw.world, raft)) return []
  return serving(vw.world, raft)
    .map(([{ name }]) => name)
    .filter((name) => !diskOf(vw.world, name).silent && isReached(vw, name))
}
