/** What quorate's steps must never do, judged by the true state, not the observed one. */
import { PEER_IDENTITY, memberEnvironment, peerUrl } from '../../src/etcd/configuration.ts'
import { parseEnvironmentFile } from '../../src/etcd/environment-file.ts'
import { environmentNames } from '../../src/etcd/versions.ts'
import { UNIT_MARK, unitMark } from '../../src/etcd/unit-file.ts'
import { quorum } from '../../src/tiers/etcd/facts/quorum.ts'
import { type Cluster, etcdNodes } from '../../src/spec/cluster.ts'
import { memberName } from '../../src/spec/member-name.ts'
import { type Disk, type MemberData, demands, showsName, trustMarkOf } from './disk.ts'
import { type Raft, type Running, hasQuorum, isRunning, serving, votersOf } from './raft.ts'
import { Violation } from './violation.ts'
import { type World, raftOf } from './world.ts'

/**
 * Whether this etcd reads it: a version that was installed right before a crash was started with the options of the
 * other one.
 */
export function isRead({ etcd }: Cluster, name: string): boolean {
  return !name.startsWith('ETCD_') || environmentNames(etcd.version).includes(name)
}

/** Irrelevant for a process that has started. */
const AT_THE_START: ReadonlySet<string> = new Set(['ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK'])

/** What the process on a machine should have been started with, but was not; empty: nothing. */
export function outdated(world: World, cluster: Cluster, disk: Disk): readonly string[] {
  const node = etcdNodes(cluster).find(({ name }) => name === disk.node.name)
  if (node === undefined || disk.process === undefined) return []
  const { environment } = disk.process
  const members = etcdNodes(cluster)
  const named = memberName(cluster.name)
  const wanted: Record<string, string> = {
    ...memberEnvironment({
      cluster,
      node: { ...node, demands: named },
      members,
      token: '',
      state: 'existing',
    }),
    [UNIT_MARK]: unitMark({ cluster }),
    ...parseEnvironmentFile(trustMarkOf(disk, world.ca) ?? ''),
  }
  const differing = [...new Set([...Object.keys(wanted), ...Object.keys(environment)])].filter(
    (name) =>
      !name.startsWith('ETCD_INITIAL_CLUSTER') &&
      (name in wanted || isRead(cluster, name)) &&
      !AT_THE_START.has(name) &&
      wanted[name] !== environment[name],
  )
  return disk.process.version === cluster.etcd.version ? differing : ['version', ...differing]
}

/** A member is about to be restarted. @param installed the etcd that its machine was seen to have */
export function checkRestart(
  world: World,
  cluster: Cluster,
  disk: Disk,
  installed: string | undefined,
): void {
  const host = disk.node.name
  if (!isRunning(disk)) return
  const { blind } = world.truth
  // A member that does not answer can't report that it still runs the wanted version, and not the one that an upgrade installed.
  const replaced = installed !== undefined && installed !== cluster.etcd.version
  const unknown = (disk.paused || disk.silent) && replaced
  const excused = blind !== undefined || unknown
  if (disk.process.ready && !excused && outdated(world, cluster, disk).length === 0) {
    throw new Violation('only-what-differs', `${host} is restarted, and nothing about it differs`)
  }
  const raft = raftOf(world)
  const self = raft && serving(world, raft).find(([, other]) => other === disk)?.[0]
  // Nothing is lost by stopping a member that is unhealthy or has no vote, or if no client is served anyway.
  if (raft === undefined || !hasQuorum(world, raft) || self === undefined || self.learner) return
  const others = serving(world, raft).filter(([{ id, learner }]) => id !== self.id && !learner)
  // A member that seems unhealthy may be stopped as long as enough others are up to date.
  const enough = others.filter(([, other]) => !other.slow).length >= quorum(votersOf(raft).length)
  // It may have become healthy by a step of this very stage, which announced its address.
  const unwell = disk.silent || world.truth.seenWell?.has(host) === false
  if (unwell && enough) return
  const absent = votersOf(raft).length - 1 - others.length
  if (absent > 0 && blind !== 'wholly') {
    throw new Violation('others-well', `${host} is restarted while ${absent} others are down`)
  }
  if (blind !== undefined) return
  const behind = others.find(([, other]) => other.slow)?.[0].name
  if (behind !== undefined) {
    throw new Violation('others-well', `${host} is restarted while ${behind} is far behind`)
  }
  // A larger quota, which ends the lack of space, requires a restart.
  if (raft.alarms.has('CORRUPT')) {
    throw new Violation('others-well', `${host} is restarted while some member has other contents`)
  }
  if (raft.leader === self.id && others.length > 0) {
    throw new Violation('leader-last', `${host} is restarted while it leads`)
  }
  // The members' mutual requirement is set in a separate round if something else has to come first.
  const demandAlone = outdated(world, cluster, disk).every((name) => name === PEER_IDENTITY)
  const waits = (name: string) => demandAlone || name !== PEER_IDENTITY
  const waiting = others.find(
    ([{ name }, other]) => outdated(world, cluster, other).some(waits) && !isToTakeOver(cluster, name, disk),
  )?.[0].name
  if (world.truth.led === self.id && waiting !== undefined) {
    throw new Violation('leader-last', `${host}, which led, is restarted before ${waiting}`)
  }
  // The leader is last in its round; in the next one it is an ordinary follower.
  if (world.truth.led === self.id) world.truth.led = undefined
}

/** It moves to an address that the other member still uses, so that one must leave it first. */
function isToTakeOver(cluster: Cluster, name: string, { process }: Running): boolean {
  const node = etcdNodes(cluster).find((one) => one.name === name)
  return node !== undefined && peerUrl(cluster, node) === process.environment['ETCD_LISTEN_PEER_URLS']
}

/** A member was started: no other member's certificate may lack what it requires. */
export function checkDemand(world: World, disk: Disk): void {
  if (world.truth.blind !== undefined || !demands(disk)) return
  const ids = new Set(world.rafts.get(disk.process?.data.clusterId ?? '')?.members.map(({ id }) => id))
  // A stopped one may start again, perhaps when quorate does not run.
  const lacking = [...world.disks.values()].find(
    (other) =>
      other !== disk &&
      ids.has(other.wal?.memberId ?? '') &&
      other.tls.certificates.size > 0 &&
      !showsName(other) &&
      !world.truth.unseen.has(other.node.name),
  )
  if (lacking === undefined) return
  throw new Violation('no-lockout', `${disk.node.name} is started so that it turns ${lacking.node.name} away`)
}

/** Data is about to be renamed. */
export function checkAside(world: World, disk: Disk, data: MemberData): void {
  const raft = world.rafts.get(data.clusterId)
  // Of a first cluster that was never verified, only this data is left: its renaming is shown, and it stays.
  const served = world.truth.served.has(data.clusterId) && !isForgotten(world, data)
  if (served && raft?.members.some(({ id }) => id === data.memberId)) {
    throw new Violation('aside-after-leaving', `${disk.node.name} is still in the list of members`)
  }
  // It may have returned after the last observation: that is harmless, because it is not a member.
  if (disk.process !== undefined && world.truth.blind === undefined) {
    throw new Violation('aside-after-leaving', `the member on ${disk.node.name} still runs`)
  }
}

function isForgotten({ truth }: World, { clusterId }: MemberData): boolean {
  return truth.forgotten && !truth.verified.has(clusterId)
}

/**
 * Does something, and checks that no cluster loses its quorum by it.
 *
 * @param allowed requested where no better way exists: a restart of one of two members, a vote for a second.
 */
export function withoutLoss(world: World, allowed: boolean, what: string, effect: () => unknown): void {
  const before = [...world.rafts.values()].filter(
    (raft) => world.truth.blind !== 'wholly' && hasQuorum(world, raft),
  )
  effect()
  for (const raft of before) {
    if (hasQuorum(world, raft) || (allowed && isSmall(raft))) continue
    throw new Violation('quorum-kept', `${what} takes the quorum of ${votersOf(raft).length} members away`)
  }
}

function isSmall(raft: Raft): boolean {
  return votersOf(raft).length <= 2
}

export interface Snapshot {
  readonly data: ReadonlyMap<string, readonly (MemberData | undefined)[]>
}

export function snapshot(world: World): Snapshot {
  return { data: new Map([...world.disks].map(([host, { data, wal }]) => [host, [data, wal]])) }
}

/** Every data directory is still at its path, or renamed. */
export function checkKept(world: World, before: Snapshot): void {
  for (const [host, { data, wal, aside }] of world.disks) {
    const now = new Set([data, wal, ...aside].map((kept) => kept?.beginning))
    const gone = before.data.get(host)?.some((then) => then !== undefined && !now.has(then.beginning))
    if (gone) throw new Violation('no-data-removed', `the data of ${host}`)
  }
}
