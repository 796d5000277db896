/** A cluster whose databases fill up: the size of each member's file, its live data, and the raised alarms. */
import type { ClusterView, MemberView } from '../../../src/etcd/view.ts'
import { type Standing, standingOf } from '../../../src/tiers/etcd/facts/standing.ts'
import { saidBy } from '../../../src/tiers/etcd/facts/judge-facts.ts'
import type { Cluster } from '../../../src/spec/cluster.ts'
import { settle } from '../etcd.ts'
import { Failure } from '../failure.ts'
import { lookAt } from '../look.ts'
import { type Raft, hasQuorum, serving } from '../raft.ts'
import { memberView } from '../view.ts'
import { type World, diskOf, raftOf } from '../world.ts'

export const MIB = 1024 ** 2
export const QUOTA = 100 * MIB

export interface SpaceWorld {
  readonly world: World
  readonly cluster: Cluster
  /** Bytes of live keys and of their old revisions, in every member's database. */
  live: number
  history: number
  revision: number
  /** The first revision that can still be read. */
  oldest: number
  /** Bytes of each member's file. */
  readonly files: Map<string, number>
  /** Members that raised NOSPACE. */
  readonly full: Set<string>
  /** Members that are being defragmented, and answer no request. */
  readonly busy: Set<string>
  /** Something happened since the last observation: the planner is not responsible for what is done then. */
  blind: boolean
  /** The last write that was read back from every member. */
  proven: number
}

export function spaceWorld(world: World, cluster: Cluster): SpaceWorld {
  return {
    world,
    cluster,
    live: 4 * MIB,
    history: MIB,
    revision: 1000,
    oldest: 1,
    files: new Map(cluster.nodes.map(({ name }) => [name, 5 * MIB])),
    full: new Set(),
    busy: new Set(),
    blind: false,
    proven: 0,
  }
}

export function raftIn({ world }: SpaceWorld): Raft {
  const raft = raftOf(world)
  if (raft === undefined) throw new TypeError('there is no cluster')
  return raft
}

/** Names of voting members that answer. */
export function answering(space: SpaceWorld): readonly string[] {
  const raft = raftIn(space)
  if (!hasQuorum(space.world, raft)) return []
  return serving(space.world, raft)
    .map(([{ name }]) => name)
    .filter((name) => !space.busy.has(name) && !diskOf(space.world, name).silent)
}

/** etcd completes what it has started, whether a client waits or not; members that were down catch up. */
export function passTime(space: SpaceWorld): void {
  for (const name of space.busy) space.files.set(name, space.live + space.history)
  space.busy.clear()
  settle(space.world, space.cluster)
  grow(space)
}

/** Files grow with writes, and never shrink by themselves. One above its quota raises the alarm. */
function grow(space: SpaceWorld): void {
  for (const name of answering(space))
    space.files.set(name, Math.max(space.files.get(name) ?? 0, space.live + space.history))
}

/** Clients overwrite keys (`history`) or add some (`live`), until a member has no space. */
export function clientsWrite(space: SpaceWorld, bytes: number, kind: 'history' | 'live'): void {
  settle(space.world, space.cluster)
  let left = bytes
  while (left > 0 && takesWrites(space)) {
    const some = Math.min(left, MIB)
    const crowded = answering(space).filter((name) => (space.files.get(name) ?? 0) + some > QUOTA)
    // The write is refused, and the alarm raised.
    for (const name of crowded) space.full.add(name)
    if (crowded.length > 0) return
    space[kind] += some
    space.revision += 10
    left -= some
    grow(space)
  }
}

export function takesWrites(space: SpaceWorld): boolean {
  return answering(space).length > 0 && space.full.size === 0 && raftIn(space).alarms.size === 0
}

/**
 * Like `standingNow`, one member after the other.
 *
 * @param midway what happens after this many of them were asked
 * @throws Failure if no machine can be reached
 */
export function look(space: SpaceWorld, midway: (asked: number) => void = () => undefined): Standing {
  const { world, cluster } = space
  settle(world, cluster)
  const reached = cluster.nodes.filter(({ name }) => {
    const { off, unreachable } = diskOf(world, name)
    return !off && !unreachable
  })
  if (reached.length === 0) throw new Failure("can't connect to any machine")
  const hosts = Object.fromEntries(reached.map((node) => [node.name, lookAt(world, node)]))
  const members = cluster.nodes.map(({ name }, index): MemberView => {
    midway(index)
    const reason = { kind: 'unreachable' as const, message: 'no answer in time', hint: undefined }
    if (hosts[name] === undefined) return { reachable: false, name, reason, unasked: 'unreachable' }
    if (space.busy.has(name)) return { reachable: false, name, reason }
    return withSpace(space, memberView(world, cluster, name))
  })
  const view: ClusterView = { members }
  return standingOf(cluster, { hosts, ...saidBy(cluster, view) })
}

function withSpace(space: SpaceWorld, view: MemberView): MemberView {
  if (!view.reachable) return view
  const raft = raftIn(space)
  const idOf = (name: string) => BigInt(`0x${raft.members.find((member) => member.name === name)?.id ?? '0'}`)
  return {
    ...view,
    dbSizeBytes: space.files.get(view.name) ?? 0,
    dbSizeInUseBytes: space.live + space.history,
    dbSizeQuotaBytes: QUOTA,
    read: view.read.answered ? { answered: true, revision: BigInt(space.revision) } : view.read,
    alarms: [
      ...[...space.full].map((name) => ({ memberId: idOf(name), type: 'NOSPACE' })),
      ...[...raft.alarms].map((type) => ({ memberId: view.memberId, type })),
    ],
  }
}
