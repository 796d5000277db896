/** The minor version of a cluster, the format of its members' data, and etcd's own downgrade: by etcd's rules. */
import { FIRST_TO_DOWNGRADE } from '../../src/etcd/upgrade-path.ts'
import { compareMinors, minorBefore, minorIn } from '../../src/etcd/minor.ts'
import type { Disk } from './disk.ts'
import { Failure } from './failure.ts'
import { type Raft, serving, votersOf } from './raft.ts'
import type { World } from './world.ts'

export function minorOf(version: string): string {
  return minorIn(version) ?? '0.0'
}

/** From 3.6 on, members report the format of their data, and whether a downgrade is enabled. */
export function tellsMinors(version: string): boolean {
  return compareMinors(minorOf(version), FIRST_TO_DOWNGRADE) >= 0
}

/** What the leader and each member do every few seconds; one thing at a time, so that there are states in between. */
export function followMinors(world: World, raft: Raft): void {
  const there = serving(world, raft)
  const all = there.length === raft.members.length && raft.leader !== undefined
  const minors = there.map(([, { process }]) => minorOf(process.version)).toSorted(compareMinors)
  const [lowest] = minors
  for (const [, disk] of there) {
    // The data is converted while the member runs, after the cluster's minor has changed.
    if (raft.leader !== undefined && tellsMinors(disk.process.version)) disk.format = raft.minor
  }
  if (!all || lowest === undefined) return
  const { downgrade, minor } = raft
  if (downgrade === undefined) {
    if (minor === undefined || compareMinors(minor, lowest) < 0) raft.minor = lowest
  } else if (minors.every((one) => one === downgrade)) {
    raft.downgrade = undefined
  } else if (minor !== undefined && minorBefore(minor) === downgrade && lowest === minor) {
    raft.minor = downgrade
  }
}

/** Why etcd would not start; undefined: it would. */
export function refusesMinor(raft: Raft | undefined, disk: Disk): string | undefined {
  const minor = minorOf(disk.binaries.get('etcd')?.version ?? '')
  if (minor === '0.0') return undefined
  if (raft?.minor !== undefined && compareMinors(minor, raft.minor) < 0) {
    return `etcd ${minor} is started in a cluster of ${raft.minor}`
  }
  if (disk.format !== undefined && compareMinors(minor, disk.format) < 0) {
    return `etcd ${minor} is started on data of ${disk.format}`
  }
  // 3.5 compares itself with the target.
  if (raft?.downgrade !== undefined && !tellsMinors(minor) && minor !== raft.downgrade) {
    return `etcd ${minor} is started while a downgrade to ${raft.downgrade} is enabled`
  }
  return undefined
}

/** etcd itself would let it run, unnoticed: two minors above the cluster version. */
export function isTooNew(raft: Raft | undefined, disk: Disk): boolean {
  const minor = minorOf(disk.binaries.get('etcd')?.version ?? '')
  if (raft?.minor === undefined || minor === '0.0') return false
  return compareMinors(minorBefore(minor), raft.minor) > 0
}

/** @throws Failure as etcd refuses it */
export function enableDowngrade(world: World, raft: Raft, target: string): void {
  // Right after an upgrade it waits until the cluster has the newer minor.
  followMinors(world, raft)
  if (raft.minor === undefined || minorBefore(raft.minor) !== target)
    throw new Failure('etcdserver: invalid downgrade target version')
  if (raft.downgrade !== undefined) throw new Failure('etcdserver: cluster has a downgrade job in progress')
  raft.downgrade = target
}

/** @throws Failure if what etcd does by itself doesn't happen */
export function requireConverted(world: World, raft: Raft, target: string): void {
  followMinors(world, raft)
  followMinors(world, raft)
  const there = serving(world, raft)
  const behind = there.filter(([, { process, format }]) => tellsMinors(process.version) && format !== target)
  if (raft.downgrade !== target) throw new Failure('the downgrade was canceled in the meantime')
  if (behind.length > 0 || there.length < votersOf(raft).length)
    throw new Failure(`the data of ${behind.map(([{ name }]) => name).join(', ')} is not converted`)
}
