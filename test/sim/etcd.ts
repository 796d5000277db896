/**
 * The behavior of etcd and its unit: first start, restart, join, removal; and which starts quorate must never request.
 */
import { PATHS } from '../../src/host/state.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { type Disk, type MemberData, demands, environmentOf, startEnvironment, unfitness } from './disk.ts'
import {
  type Raft,
  type RaftMember,
  changeMember,
  elect,
  hasQuorum,
  idOf,
  isQuorum,
  isRunning,
  newRaft,
  present,
  serving,
} from './raft.ts'
import { followMinors, isTooNew, refusesMinor } from './minors.ts'
import { Violation } from './violation.ts'
import { type World, checkOneCluster, fresh, isRemembered } from './world.ts'

/** The variable that people add to options files in the simulation. */
export const HAND_MADE = 'ETCD_LOGGER'

/** Who starts a member: quorate, or systemd (at boot, after a crash) and people. */
export type Starter = 'quorate' | 'systemd'

/** `systemctl start`: with its assertions, and etcd's own reasons to refuse, after which systemd retries. */
export function start(world: World, cluster: Cluster, disk: Disk, by: Starter): void {
  if (disk.process !== undefined || disk.off) return
  const { unseen } = world.truth
  const judged = by === 'quorate' && !unseen.has(disk.node.name)
  if (judged) {
    world.watch.starts?.(disk.node.name)
    checkStart(world, cluster, disk)
  }
  disk.loadedUnit ??= disk.files.get(PATHS.unit)
  // There is nothing to start on a machine that was reinstalled in between.
  if (disk.loadedUnit === undefined) {
    disk.retrying = false
    return
  }
  const asserts = disk.loadedUnit.includes('AssertDirectoryNotEmpty=')
  if (asserts && disk.files.has(PATHS.clusterId) && disk.wal === undefined) {
    disk.retrying = false
    return
  }
  const data = unfitness(disk, cluster) === undefined ? openData(world, cluster, disk, by) : undefined
  const raft = world.rafts.get(data?.clusterId ?? '')
  const refusal = data === undefined ? undefined : refusesMinor(raft, disk)
  const mine = judged && world.truth.blind === undefined
  if (mine && refusal !== undefined) throw new Violation('no-refused-start', `${disk.node.name}: ${refusal}`)
  disk.retrying = data === undefined || refusal !== undefined
  if (data === undefined || refusal !== undefined) return
  if (mine && isTooNew(raft, disk)) {
    throw new Violation(
      'no-refused-start',
      `${disk.node.name} starts two minors above a cluster of ${raft?.minor}`,
    )
  }
  if (by === 'quorate' && disk.wal === undefined) checkStart(world, cluster, disk)
  disk.data = data
  disk.wal = data
  const { dataDirectory, walDirectory } = cluster.etcd
  for (const path of [dataDirectory, walDirectory]) {
    const made = { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' } as const
    if (!disk.paths.has(path)) disk.paths.set(path, made)
  }
  disk.process = {
    pid: fresh(world),
    environment: startEnvironment(disk, world.ca),
    version: disk.binaries.get('etcd')?.version ?? cluster.etcd.version,
    data,
    known: world.rafts.get(data.clusterId)?.members ?? [],
    ready: false,
  }
  disk.demanded = demands(disk)
}

/** Starts that quorate must never request, however systemd and etcd would react. */
function checkStart(world: World, cluster: Cluster, disk: Disk): void {
  const host = disk.node.name
  const lost = disk.data === undefined || disk.wal === undefined
  if (lost && hasPlace(world, host) && isRemembered(world, cluster)) {
    throw new Violation('no-amnesia', `${host} is started without its data`)
  }
  if (disk.files.has(PATHS.clusterId) && environmentOf(disk)['ETCD_INITIAL_CLUSTER_STATE'] === 'new') {
    throw new Violation('no-new-start', `${host} is pinned and started as 'new'`)
  }
}

/** The others rely on the votes of this machine's member. */
export function hasPlace(world: World, host: string): boolean {
  const raft = world.rafts.get(world.truth.belongs.get(host) ?? '')
  return raft?.members.some(({ name, started }) => name === host && started) ?? false
}

/** The member's data as etcd finds or creates it; undefined: it refuses to start. */
function openData(world: World, cluster: Cluster, disk: Disk, by: Starter): MemberData | undefined {
  // With a WAL present all `initial-*` settings are ignored.
  if (disk.wal !== undefined) return disk.wal.damaged === true ? undefined : disk.wal
  const environment = environmentOf(disk)
  const host = disk.node.name
  const peers = (environment['ETCD_INITIAL_CLUSTER'] ?? '').split(',').sort()
  const own = `${environment['ETCD_NAME']}=${environment['ETCD_INITIAL_ADVERTISE_PEER_URLS']}`
  // 'couldn't find local name in the initial cluster configuration'
  if (!peers.includes(own)) return undefined
  if (environment['ETCD_INITIAL_CLUSTER_STATE'] === 'existing') return joinOthers(world, peers, own)
  const clusterId = idOf(environment['ETCD_INITIAL_CLUSTER_TOKEN'] ?? '', peers.join())
  const raft = bootstrapped(world, clusterId, peers)
  const member = raft.members.find(({ name }) => name === host)
  // The others, if they run, report 'member … has already been bootstrapped'.
  if (member === undefined || (member.started && hasQuorum(world, raft))) return undefined
  if (by === 'quorate') {
    for (const other of cluster.nodes) {
      const known = world.disks.get(other.name)?.wal?.clusterId
      if (known !== undefined && known !== clusterId) {
        throw new Violation('one-cluster', `${host} begins ${clusterId}, but ${other.name} is in ${known}`)
      }
    }
  }
  // A database without its log: etcd continues with it, if it belongs to the same cluster.
  if (disk.data !== undefined) return disk.data.clusterId === clusterId ? disk.data : undefined
  return { clusterId, memberId: member.id, beginning: fresh(world) }
}

/** Members of a new cluster know each other from the start. If all of them lose their data, they know nothing more. */
function bootstrapped(world: World, clusterId: string, peers: readonly string[]): Raft {
  const known = world.rafts.get(clusterId)
  const some = [...world.disks.values()].some(
    ({ data, wal }) => data?.clusterId === clusterId || wal?.clusterId === clusterId,
  )
  if (known !== undefined && some) return known
  const raft = newRaft(clusterId, peers)
  world.rafts.set(clusterId, raft)
  return raft
}

/**
 * State `existing` without data: it asks the members that it knows, and compares. A former member without its data
 * receives a log index that it no longer has ('tocommit is out of range'), and exits.
 */
function joinOthers(world: World, peers: readonly string[], own: string): MemberData | undefined {
  const urls = new Set(peers.map(urlOf))
  const asked = [...world.disks.values()]
    .filter(isRunning)
    .find(
      ({ process, paused, cut }) =>
        process.ready &&
        !paused &&
        cut === undefined &&
        urls.has(process.environment['ETCD_LISTEN_PEER_URLS'] ?? ''),
    )
  if (asked === undefined) return undefined
  const { known, data } = asked.process
  if (known.length !== urls.size || known.some(({ peerUrl }) => !urls.has(peerUrl))) return undefined
  const member = known.find(({ peerUrl }) => peerUrl === urlOf(own))
  if (member === undefined || member.started) return undefined
  // It receives the leader's data.
  const leader = world.rafts.get(data.clusterId)?.leader
  const giver = [...world.disks.values()].find(({ process }) => process?.data.memberId === leader)
  const contentsOf = giver?.process?.data.contentsOf
  return { clusterId: data.clusterId, memberId: member.id, beginning: fresh(world), contentsOf }
}

function urlOf(peer: string): string {
  return peer.slice(peer.indexOf('=') + 1)
}

/** Lets time pass: systemd retries, members find each other, elect a leader, and catch up. */
export function settle(world: World, cluster: Cluster): void {
  for (const disk of world.disks.values()) if (disk.retrying) start(world, cluster, disk, 'systemd')
  for (const raft of world.rafts.values()) {
    if (isQuorum(raft, present(world, raft))) gather(world, raft)
    elect(world, raft)
    followMinors(world, raft)
  }
  checkOneCluster(world, cluster)
}

function gather(world: World, raft: Raft): void {
  if (!world.truth.served.has(raft.id)) {
    // A new cluster knows nothing of an earlier one's contents.
    world.network = undefined
    world.truth.served.add(raft.id)
  }
  for (const [member, disk] of present(world, raft)) {
    disk.process.ready = true
    const name = disk.node.name
    const etcdName = disk.process.environment['ETCD_NAME'] ?? ''
    if (!member.started || member.name !== name || member.etcdName !== etcdName)
      changeMember(raft, member.id, { name, etcdName, started: true })
  }
  for (const [, disk] of serving(world, raft)) disk.process.known = raft.members
  // Removed members learn of their removal as soon as any member hears them, and exit permanently.
  for (const disk of [...world.disks.values()].filter(isRunning)) {
    const { data } = disk.process
    const heard = !disk.paused && disk.cut === undefined
    if (data.clusterId === raft.id && heard && !isListed(raft.members, data)) stop(disk)
  }
}

function isListed(members: readonly RaftMember[], { memberId }: MemberData): boolean {
  return members.some(({ id }) => id === memberId)
}

/** A cluster ID file was written: from now on all members of that cluster belong to it. */
export function notePin(world: World, clusterId: string): void {
  if (!world.truth.verified.has(clusterId)) {
    throw new Violation('verified-pin', `${clusterId} is pinned, but was never verified`)
  }
  for (const disk of world.disks.values()) {
    if (disk.data?.clusterId === clusterId) world.truth.belongs.set(disk.node.name, clusterId)
  }
}

export function stop(disk: Disk): void {
  disk.process = undefined
  disk.retrying = false
  disk.paused = false
}

export function reboot(world: World, cluster: Cluster, disk: Disk): void {
  stop(disk)
  disk.boots += 1
  disk.loadedUnit = disk.files.get(PATHS.unit)
  if (disk.enabled) start(world, cluster, disk, 'systemd')
}
