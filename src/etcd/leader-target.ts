/** Who leads according to all members, and whether another one may: decided before leadership is moved. */
import { QuorateError } from '../errors.ts'
import { counted } from '../spec/units.ts'
import { formatId } from './view.ts'
import { MAX_LAG } from './voters.ts'

interface Named {
  readonly name: string
}

/** What one member reports about itself and about the leader. */
export interface LeadershipStatus<C extends Named> {
  readonly client: C
  readonly memberId: bigint
  /** undefined: it knows of no leader. */
  readonly leaderId: bigint | undefined
  readonly learner: boolean
  readonly raftTerm: bigint
  /** Its applied index; before etcd 3.4, its received index. */
  readonly index: bigint
}

/**
 * The leader in the newest term. A leader of an older term has not noticed yet that it no longer leads.
 *
 * @throws QuorateError `blocked` if there is no leader, or if the leader itself doesn't confirm it
 */
export function presentLeader<C extends Named>(
  statuses: readonly LeadershipStatus<C>[],
): LeadershipStatus<C> {
  const knowing = statuses.filter(({ leaderId }) => leaderId !== undefined)
  const newest = knowing.reduce<LeadershipStatus<C> | undefined>(
    (best, each) => (best === undefined || each.raftTerm > best.raftTerm ? each : best),
    undefined,
  )
  if (newest === undefined) {
    throw new QuorateError('blocked', "can't move the leadership: the cluster has no leader", {
      id: 'no-leader',
      hint: 'check the members with quorate status: without a quorum no leader is elected',
    })
  }
  const leader = statuses.find(({ memberId }) => memberId === newest.leaderId)
  if (leader !== undefined && leader.leaderId === leader.memberId) return leader
  const memberId = formatId(newest.leaderId ?? 0n)
  const hint = 'run quorate status, and rerun the command once all members agree on a leader'
  if (leader === undefined) {
    const message = `can't move the leadership: the leader, member ${memberId}, does not answer`
    throw new QuorateError('blocked', message, { id: 'leader-does-not-answer', hint })
  }
  throw new QuorateError(
    'blocked',
    `${newest.client.name} reports member ${memberId} as the leader, but that member does not: an election is in progress`,
    { id: 'election-in-progress', host: leader.client.name, hint },
  )
}

/** @throws QuorateError `blocked` if it doesn't answer, has no vote, or is too far behind */
export function fitTarget<C extends Named>(
  statuses: readonly LeadershipStatus<C>[],
  leader: LeadershipStatus<C>,
  toName: string,
): LeadershipStatus<C> {
  const target = statuses.find(({ client }) => client.name === toName)
  if (target === undefined) {
    throw new QuorateError('blocked', "the member does not answer, so it can't become the leader", {
      id: 'target-does-not-answer',
      host: toName,
      hint: 'find out why with quorate status, or choose another member',
    })
  }
  if (target.learner) {
    throw new QuorateError('blocked', "the member is a learner, which can't become the leader", {
      id: 'target-is-a-learner',
      host: toName,
      hint: 'choose a voting member',
    })
  }
  const lag = Number(leader.index - target.index)
  if (lag > MAX_LAG) {
    throw new QuorateError(
      'blocked',
      `the member is ${counted(lag, 'entry', 'entries')} behind the leader, ${leader.client.name}`,
      {
        id: 'target-is-behind',
        host: toName,
        hint: `rerun the command once it has caught up, or choose another member (writes would wait for it)`,
      },
    )
  }
  return target
}
