/** Raft, as seen from outside: who has a vote, who participates, who leads, what was agreed on. */
import { createHash } from 'node:crypto'
import { quorum } from '../../src/tiers/etcd/facts/quorum.ts'
import { type Disk, type Process, demands, showsName } from './disk.ts'
import type { World } from './world.ts'

export interface RaftMember {
  readonly id: string
  /** Name of its machine. Empty: added, and not started yet. */
  readonly name: string
  /** Its name in etcd. */
  readonly etcdName: string
  readonly peerUrl: string
  /** It has published its client URLs. */
  readonly started: boolean
  readonly learner: boolean
}

/** What a majority has agreed on; it is the same on all of them, so it is stored once. */
export interface Raft {
  readonly id: string
  members: readonly RaftMember[]
  /** ID of the leader; undefined: none. */
  leader: string | undefined
  /** The cluster version, `3.6`; undefined: not decided yet. */
  minor: string | undefined
  /** The minor to which a downgrade is enabled. */
  downgrade: string | undefined
  /** NOSPACE: no write is possible until it is disarmed. CORRUPT: a member has different contents. */
  readonly alarms: Set<'NOSPACE' | 'CORRUPT'>
}

/** A machine with a running etcd. */
export type Running = Disk & { readonly process: Process }

export function isRunning(disk: Disk): disk is Running {
  return disk.process !== undefined
}

/** The ID is derived from the peer URLs and the token, so that equal ones give the same ID. */
export function idOf(...parts: readonly string[]): string {
  // Never a leading zero, because etcd prints IDs without.
  return `c${createHash('sha1').update(parts.join(' ')).digest('hex').slice(0, 14)}`
}

/**
 * The machine of the member with this name in etcd, where all names start with their machine's; `namedByNodes` may
 * append to it.
 */
export function hostOf(etcdName: string): string {
  return etcdName.split(/[. ]/)[0] ?? ''
}

/** @param peers `name=peer URL` of each member, sorted. */
export function newRaft(id: string, peers: readonly string[]): Raft {
  const members = peers.map((peer) => {
    const [etcdName = '', peerUrl = ''] = peer.split('=')
    return {
      id: idOf(id, peerUrl),
      name: hostOf(etcdName),
      etcdName,
      peerUrl,
      started: false,
      learner: false,
    }
  })
  return { id, members, leader: undefined, minor: undefined, downgrade: undefined, alarms: new Set() }
}

type Listed = readonly [RaftMember, Running]

/** Listed members whose process runs and can communicate with the others; ready or not. */
export function present(world: World, raft: Raft): readonly Listed[] {
  const running = [...world.disks.values()].filter(isRunning).flatMap((disk): Listed[] => {
    const { data } = disk.process
    const member = raft.members.find(({ id }) => id === data.memberId)
    if (data.clusterId !== raft.id || disk.paused || member === undefined) return []
    return [[member, disk]]
  })
  // A single member needs no other to find it.
  if (raft.members.length === 1) return running
  const connected = running.filter(([, disk]) => disk.cut === undefined && !isTurnedAway(disk, running))
  const found = connected.filter(([member, disk]) => isFound(member, disk))
  // A member at another address finds the others, as long as they are at theirs.
  return world.dialsOut && found.some(([{ learner }]) => !learner) ? connected : found
}

/** Another member requires a name that its certificate lacks. */
function isTurnedAway(disk: Disk, running: readonly Listed[]): boolean {
  return !showsName(disk) && running.some(([, other]) => other !== disk && demands(other))
}

function isFound({ peerUrl }: RaftMember, { process }: Running): boolean {
  return process.environment['ETCD_LISTEN_PEER_URLS'] === peerUrl
}

/** Those of them that serve. */
export function serving(world: World, raft: Raft): readonly Listed[] {
  return present(world, raft).filter(([, disk]) => disk.process.ready)
}

export function votersOf(raft: Raft): readonly RaftMember[] {
  return raft.members.filter(({ learner }) => !learner)
}

/** Whether the voting members among them are enough. */
export function isQuorum(raft: Raft, members: readonly Listed[]): boolean {
  return members.filter(([{ learner }]) => !learner).length >= quorum(votersOf(raft).length)
}

export function hasQuorum(world: World, raft: Raft): boolean {
  return isQuorum(raft, serving(world, raft))
}

/** A leader stays as long as it can; the next one is the member that is least behind. */
export function elect(world: World, raft: Raft): void {
  const able = serving(world, raft).filter(([{ learner }]) => !learner)
  if (!isQuorum(raft, able)) {
    raft.leader = undefined
  } else if (!able.some(([{ id }]) => id === raft.leader)) {
    const [first] = able.toSorted(([, a], [, b]) => Number(a.slow) - Number(b.slow))
    raft.leader = first?.[0].id
  }
}

export function changeMember(raft: Raft, id: string, change: Partial<RaftMember>): void {
  raft.members = raft.members.map((member) => (member.id === id ? { ...member, ...change } : member))
}
