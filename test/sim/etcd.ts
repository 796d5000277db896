/** How etcd and its unit behave, as far as a bootstrap and its accidents depend on it. */
import { createHash } from 'node:crypto'
import { PATHS } from '../../src/host/state.ts'
import { quorum } from '../../src/plan/quorum.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { parseEnvironmentFile } from '../../src/etcd/environment-file.ts'
import { UNIT_MARK } from '../../src/etcd/unit-file.ts'
import { type Disk, type MemberData, type Process, environmentOf, trustMarkOf, unfitness } from './disk.ts'
import { Violation } from './violation.ts'
import { type World, checkOneCluster, fresh, isRemembered } from './world.ts'

/** The variable that people add to options files here. */
export const HAND_MADE = 'ETCD_LOGGER'

/** Who starts a member: quorate, or systemd (at boot, after a crash) and people. */
export type Starter = 'quorate' | 'systemd'

/** `systemctl start`: with its assertions, and etcd's own reasons to refuse, after which systemd tries again. */
export function start(world: World, cluster: Cluster, disk: Disk, by: Starter): void {
  if (disk.process !== undefined) return
  const { unseen } = world.truth
  if (by === 'quorate' && !unseen.has(disk.node.name)) checkStart(world, cluster, disk)
  disk.loadedUnit ??= disk.files.get(PATHS.unit)
  const asserts = disk.loadedUnit?.includes('AssertDirectoryNotEmpty=') ?? false
  if (asserts && disk.files.has(PATHS.clusterId) && disk.wal === undefined) {
    disk.retrying = false
    return
  }
  const data = unfitness(disk, cluster) === undefined ? openData(world, cluster, disk, by) : undefined
  disk.retrying = data === undefined
  if (data === undefined) return
  if (by === 'quorate' && disk.wal === undefined) checkStart(world, cluster, disk)
  disk.data = data
  disk.wal = data
  const { dataDirectory, walDirectory } = cluster.etcd
  for (const path of [dataDirectory, walDirectory]) {
    const made = { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' } as const
    if (!disk.paths.has(path)) disk.paths.set(path, made)
  }
  const environment = environmentOf(disk)
  // Only a restart takes it back, and that is not apply's to do.
  if (HAND_MADE in environment) world.truth.excuse ??= 'a member was started with options edited by hand'
  const mark = new RegExp(`^Environment=${UNIT_MARK}=(.*)$`, 'm').exec(disk.loadedUnit ?? '')?.[1] ?? ''
  const trust = parseEnvironmentFile(trustMarkOf(disk, world.ca) ?? '')
  const marked = { ...environment, ...trust, [UNIT_MARK]: mark }
  disk.process = { pid: fresh(world), environment: marked, data, ready: false }
}

/** What quorate must never try, whatever systemd and etcd would make of it. */
function checkStart(world: World, cluster: Cluster, disk: Disk): void {
  const host = disk.node.name
  const lost = disk.data === undefined || disk.wal === undefined
  if (lost && world.truth.belongs.has(host) && isRemembered(world, cluster)) {
    throw new Violation('no-amnesia', `${host} is started without its data`)
  }
  if (disk.files.has(PATHS.clusterId) && environmentOf(disk)['ETCD_INITIAL_CLUSTER_STATE'] === 'new') {
    throw new Violation('no-new-start', `${host} is pinned and started as 'new'`)
  }
}

/** The member's data as etcd finds or makes it; undefined: it refuses to start. */
function openData(world: World, cluster: Cluster, disk: Disk, by: Starter): MemberData | undefined {
  // With a WAL present all `initial-*` settings are ignored.
  if (disk.wal !== undefined) return disk.wal
  const environment = environmentOf(disk)
  const peers = (environment['ETCD_INITIAL_CLUSTER'] ?? '').split(',').sort()
  if (environment['ETCD_INITIAL_CLUSTER_STATE'] === 'existing') return joinAgain(world, peers)
  const clusterId = clusterIdOf(environment['ETCD_INITIAL_CLUSTER_TOKEN'] ?? '', peers)
  const host = disk.node.name
  // 'member … has already been bootstrapped', say the others, if they are there.
  if (hasQuorum(world, clusterId) && world.truth.published.has(`${clusterId}/${host}`)) return undefined
  if (by === 'quorate') {
    for (const other of cluster.nodes) {
      const known = world.disks.get(other.name)?.wal?.clusterId
      if (known !== undefined && known !== clusterId) {
        throw new Violation('one-cluster', `${host} begins ${clusterId}, but ${other.name} is in ${known}`)
      }
    }
  }
  // A database without its log: etcd goes on with it, if it is of the same cluster.
  if (disk.data !== undefined) return disk.data.clusterId === clusterId ? disk.data : undefined
  return { clusterId, peers, beginning: fresh(world) }
}

/** State `existing` without data: it takes its place from the others, and has forgotten what it voted. */
function joinAgain(world: World, peers: readonly string[]): MemberData | undefined {
  for (const { process } of world.disks.values()) {
    if (process === undefined || !hasQuorum(world, process.data.clusterId)) continue
    if (process.data.peers.join() === peers.join()) return { ...process.data, beginning: fresh(world) }
  }
  return undefined
}

/** The ID is made from the peer URLs and the token, so that the same make the same. */
export function clusterIdOf(token: string, peers: readonly string[]): string {
  // No leading zero, as etcd's IDs are printed without.
  return `c${createHash('sha1').update(`${token} ${peers.join()}`).digest('hex').slice(0, 14)}`
}

export function runningIn(world: World, clusterId: string): readonly (Disk & { process: Process })[] {
  return [...world.disks.values()].filter(
    (disk): disk is Disk & { process: Process } => disk.process?.data.clusterId === clusterId,
  )
}

export function hasQuorum(world: World, clusterId: string): boolean {
  const running = runningIn(world, clusterId)
  const voters = running[0]?.process.data.peers.length ?? 0
  return voters > 0 && running.length >= quorum(voters)
}

/** Lets time pass: systemd tries again, members find each other. */
export function settle(world: World, cluster: Cluster): void {
  for (const disk of world.disks.values()) if (disk.retrying) start(world, cluster, disk, 'systemd')
  for (const { process } of world.disks.values()) {
    if (process === undefined) continue
    const { clusterId } = process.data
    if (!hasQuorum(world, clusterId)) continue
    if (!world.truth.served.has(clusterId)) {
      // A cluster that begins knows nothing of what another one held.
      world.network = undefined
      world.truth.served.add(clusterId)
    }
    for (const member of runningIn(world, clusterId)) {
      member.process.ready = true
      world.truth.published.add(`${clusterId}/${member.node.name}`)
    }
  }
  checkOneCluster(world, cluster)
}

/** A pin was written somewhere: all members of that cluster belong to it from now on. */
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
}

export function reboot(world: World, cluster: Cluster, disk: Disk): void {
  stop(disk)
  disk.boots += 1
  disk.loadedUnit = disk.files.get(PATHS.unit)
  if (disk.enabled) start(world, cluster, disk, 'systemd')
}
