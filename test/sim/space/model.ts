/** The effects of steps on the simulated databases, with etcd's own refusals; and what no step may do. */
import type { SpaceModel } from '../../../src/tiers/etcd/steps/space.ts'
import { quorum } from '../../../src/tiers/etcd/facts/quorum.ts'
import { Failure } from '../failure.ts'
import { serving, votersOf } from '../raft.ts'
import {
  MIB,
  QUOTA,
  type SpaceWorld,
  answering,
  clientsWrite,
  passTime,
  raftIn,
  takesWrites,
} from './world.ts'
import { SpaceViolation } from './violation.ts'

/** What an operator has confirmed. */
export interface Agreed {
  /** Names of members that may be defragmented. */
  readonly members: ReadonlySet<string>
  /** The history before this revision may be removed. */
  readonly revision: number
  /** Also members below the threshold. */
  readonly all: boolean
  /** Members may be down: writes are refused anyway. */
  readonly jammed: boolean
}

export function spaceModel(space: SpaceWorld, agreed: Agreed): SpaceModel {
  const { world } = space
  const wellBefore = new Set<string>()
  const requireQuorum = () => {
    if (answering(space).length < quorum(votersOf(raftIn(space)).length))
      throw new Failure('etcdserver: no leader')
  }
  const requireSound = (what: string) => {
    if (!space.blind && raftIn(space).alarms.has('CORRUPT')) throw new SpaceViolation('in-doubt', what)
  }
  return {
    moveLeadership: (from) => {
      const raft = raftIn(space)
      const leader = raft.members.find(({ id }) => id === raft.leader)
      if (leader?.name !== from) return
      const heir = serving(world, raft).find(
        ([{ name, learner }, disk]) => name !== from && !learner && !disk.slow && !disk.silent,
      )
      if (heir === undefined) throw new Failure('no other member is fit to lead')
      raft.leader = heir[0].id
    },
    compact: (revision) => {
      requireQuorum()
      // etcd refuses that itself.
      if (raftIn(space).alarms.has('CORRUPT')) throw new Failure('etcdserver: corrupt cluster')
      if (revision > agreed.revision)
        throw new SpaceViolation('as-agreed', `history up to ${revision} is removed`)
      if (revision > space.revision) throw new Failure('etcdserver: required revision is a future revision')
      if (revision <= space.oldest) return
      const kept = (space.revision - revision) / Math.max(1, space.revision - space.oldest)
      space.history = Math.ceil(space.history * kept)
      space.oldest = revision
    },
    beginDefragment: (member) => {
      const raft = raftIn(space)
      if (!answering(space).includes(member)) throw new Failure(`${member} gives no answer`)
      if (!agreed.members.has(member)) throw new SpaceViolation('as-agreed', `${member} is defragmented`)
      requireSound(`${member} is defragmented`)
      const others = answering(space).filter((name) => name !== member)
      if (!space.blind) {
        const away = votersOf(raft).length - 1 - others.length
        if (away > 0 && !agreed.jammed)
          throw new SpaceViolation('others-well', `${member} is defragmented while ${away} are away`)
        const able = others.filter((name) => world.disks.get(name)?.slow !== true)
        const leads = raft.members.find(({ id }) => id === raft.leader)?.name === member
        if (leads && able.length > 0) throw new SpaceViolation('leader-moved', member)
        const had = (space.files.get(member) ?? 0) - space.live - space.history
        if (!agreed.all && had < MIB / 2) throw new SpaceViolation('worth-it', member)
      }
      wellBefore.clear()
      for (const name of others) wellBefore.add(name)
      space.busy.add(member)
    },
    awaitAnswers: (member) => {
      passTime(space)
      const missing = [...wellBefore, member].filter((name) => !answering(space).includes(name))
      if (missing.length > 0) throw new Failure(`not well again: ${missing.join(', ')}`)
    },
    disarm: (member, alarm) => {
      requireQuorum()
      if (alarm !== 'NOSPACE') throw new SpaceViolation('in-doubt', `${alarm} of ${member} is disarmed`)
      requireSound('an alarm is disarmed')
      const crowded = answering(space).filter(
        // One that can't be inspected is left out, which the operator saw before confirming.
        (name) => !world.disks.get(name)?.unreachable && (space.files.get(name) ?? 0) + MIB > QUOTA,
      )
      if (crowded.length > 0 && !space.blind)
        throw new SpaceViolation('room-first', `disarmed while ${crowded.join()} is full`)
      space.full.delete(member)
    },
    write: () => {
      requireQuorum()
      if (!takesWrites(space)) throw new Failure('etcdserver: mvcc: database space exceeded')
      clientsWrite(space, 1, 'history')
      if (space.full.size > 0) throw new Failure('etcdserver: mvcc: database space exceeded')
      space.proven = space.revision
    },
  }
}
