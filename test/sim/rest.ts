/** The end of a life: runs without faults until nothing changes, and whether they may end as they do. */
import { peerUrl as peerUrlOf } from '../../src/etcd/configuration.ts'
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import { demands, environmentOf, isMarked, showsName } from './disk.ts'
import { hasPlace } from './etcd.ts'
import { type Outcome, type RunOptions, operate } from './operator.ts'
import { hasQuorum } from './raft.ts'
import { Violation } from './violation.ts'
import { type World, diskOf, raftOf } from './world.ts'

/** How often a run is repeated without further faults, before the life counts as never coming to rest. */
const REPETITIONS = 8

/** Repeats until two runs in a row find nothing to do, or are refused for the same reasons. */
export async function comeToRest(world: World, options: RunOptions): Promise<Outcome> {
  world.truth.unseen.clear()
  const rest = await repeat(world, options)
  if (rest.kind === 'done' || world.truth.excuse !== undefined) return rest
  // Without a majority only a person can decide which data is right, or move members back to the known addresses.
  if (!hasMajority(world) && world.truth.lost.size > 0) return rest
  if (!isHeard(world, options.cluster) && isScattered(world, options.cluster)) return rest
  if (!world.dialsOut && isScattered(world, options.cluster)) return rest
  if (isLockedOut(world, options.cluster)) return rest
  const raft = raftOf(world)
  // While no member answers, one that was removed and only partly decommissioned looks like a member that lost its
  // data: `recover` can distinguish them by the log of another.
  if (!hasMajority(world) && options.cluster.nodes.some(({ name }) => isHalfCleared(world, name))) return rest
  // And one that was removed looks like a stopped one, which can't move while no member learns of it.
  if (!hasMajority(world) && options.cluster.nodes.some((node) => isFormer(world, options.cluster, node)))
    return rest
  if (world.truth.lost.size === 0) throw new Violation('finishes', JSON.stringify(rest))
  // Only members in the file are asked at first, and none of them is left.
  if (!options.cluster.nodes.some(({ name }) => diskOf(world, name).process?.ready)) return rest
  const lost = raft?.members.filter(({ name }) => world.truth.lost.has(name) && isEmpty(world, name)) ?? []
  const replace = Object.fromEntries(lost.map(({ name, id }) => [name, id]))
  const recreated = await repeat(world, { ...options, replace })
  if (recreated.kind !== 'done') throw new Violation('finishes', JSON.stringify(recreated))
  return recreated
}

function hasMajority(world: World): boolean {
  const raft = raftOf(world)
  return raft !== undefined && hasQuorum(world, raft)
}

/**
 * A majority answers, and one of the file's nodes leads to it: it gives access to members that the file does not name.
 */
function isHeard(world: World, { nodes }: Pick<Cluster, 'nodes'>): boolean {
  return hasMajority(world) && nodes.some(({ name }) => world.disks.get(name)?.process?.ready)
}

/** Some member is at another address than the others know, and the file does not reach it, or it can't start. */
function isScattered(world: World, { nodes }: Pick<Cluster, 'nodes'>): boolean {
  const members = raftOf(world)?.members ?? []
  return members.some(({ name, peerUrl }) => {
    const node = nodes.find((one) => one.name === name)
    const running = world.disks.get(name)?.process?.environment
    if (node === undefined) return running?.['ETCD_LISTEN_PEER_URLS'] !== peerUrl
    // It was started elsewhere while no member could learn of it: no member can confirm that the file has its address
    // again.
    if (!isHeard(world, { nodes }) && running !== undefined && running['ETCD_LISTEN_PEER_URLS'] !== peerUrl)
      return true
    return !peerUrl.includes(`//${node.address}:`)
  })
}

/** Only its owner can give a member that the file does not name a certificate with the name that its peers require. */
function isLockedOut(world: World, { nodes }: Pick<Cluster, 'nodes'>): boolean {
  const members = raftOf(world)?.members ?? []
  const disks = members.flatMap(({ name }) => world.disks.get(name) ?? [])
  const outside = disks.filter((disk) => nodes.every(({ name }) => name !== disk.node.name))
  return !hasMajority(world) && disks.some(demands) && outside.some((disk) => !showsName(disk))
}

/** It is no longer a member, and has its cluster ID file, but not its data. */
function isHalfCleared(world: World, name: string): boolean {
  const disk = diskOf(world, name)
  return isMarked(disk) && isEmpty(world, name) && !hasPlace(world, name)
}

/** It is no longer a member, has the data and the options of one, and is to return at another address. */
function isFormer(world: World, cluster: Cluster, node: Node): boolean {
  const disk = diskOf(world, node.name)
  const { ETCD_INITIAL_ADVERTISE_PEER_URLS: urls } = environmentOf(disk)
  const marked = isMarked(disk) && !hasPlace(world, node.name)
  return marked && urls !== undefined && urls !== peerUrlOf(cluster, node)
}

/** A log without its database may have come back by itself. */
function isEmpty(world: World, name: string): boolean {
  const { data, wal } = diskOf(world, name)
  return data === undefined || wal === undefined
}

async function repeat(world: World, options: RunOptions): Promise<Outcome> {
  let previous = ''
  let outcome: Outcome = { kind: 'died' }
  for (let count = 0; count < REPETITIONS; count += 1) {
    outcome = await operate(world, options)
    const text = JSON.stringify(outcome)
    const idle = outcome.kind !== 'done' || outcome.steps === 0
    const established = raftOf(world) !== undefined
    const hopeless =
      (established && !hasMajority(world)) || (!world.dialsOut && isScattered(world, options.cluster))
    if (text === previous && idle && (outcome.kind !== 'failed' || hopeless)) return outcome
    previous = text
  }
  throw new Violation('converges', JSON.stringify(outcome))
}
