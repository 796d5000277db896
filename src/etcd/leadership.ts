/** Finds the leader, and moves leadership to another member, so that clients don't have to wait for an election. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { type LeadershipStatus, fitTarget, presentLeader } from './leader-target.ts'
import { formatId } from './view.ts'
import { type Looked, until } from '../wait/until.ts'

/** How long a member may take to return its status, in ms. */
const STATUS_MS = 2_000
/** How long the transfer itself may take, in ms. Raft ends a transfer after an election timeout (1 s by default). */
const TRANSFER_MS = 5_000
/** How long it may take until all members know the new leader, in ms, and how often they are asked. */
const AGREEMENT_MS = 5_000
const PAUSE_MS = 50
/** An election may happen between reading the status and the request. */
const ATTEMPTS = 3

export interface LeadershipMove {
  /** False: it already led, and no request was sent. */
  readonly moved: boolean
  /** The previous leader, by its node's name. */
  readonly from: string
  readonly to: string
}

type MemberStatus = LeadershipStatus<MemberClient>

/**
 * Makes a member the leader: asks the current leader (all others refuse MoveLeader), then waits until all members that
 * answer agree. Safe to repeat: does nothing if it already leads, and detects a transfer whose answer was lost.
 *
 * @param clients of all members that may answer; `toName` is the node's name of one of them.
 * @throws QuorateError `blocked` if the target is a learner, doesn't answer or is too far behind, or if there is no
 *   leader. `etcd` with etcd's own refusal; `unhealthy` if the members don't agree; `cancelled` after the signal.
 */
export async function moveLeadership(
  clients: readonly MemberClient[],
  toName: string,
  signal?: AbortSignal,
): Promise<LeadershipMove> {
  const before = await readStatuses(clients, signal)
  const { client: first } = presentLeader(before)
  for (let attempt = 1; ; attempt++) {
    const statuses = attempt === 1 ? before : await readStatuses(clients, signal)
    const leader = presentLeader(statuses)
    const moved = { moved: first.name !== toName, from: first.name, to: toName }
    if (leader.client.name === toName) {
      await awaitAgreement(clients, leader.memberId, toName, signal)
      return moved
    }
    const target = fitTarget(statuses, leader, toName)
    try {
      const request = { targetId: target.memberId }
      await leader.client.call(Maintenance.method.moveLeader, request, { timeoutMs: TRANSFER_MS, signal })
    } catch (thrown) {
      if (!(thrown instanceof QuorateError) || thrown.code !== 'etcd') throw thrown
      // The answer may have been lost, or another election may have happened: what counts is who leads now.
      const now = presentLeader(await readStatuses(clients, signal))
      if (now.client.name === leader.client.name || attempt === ATTEMPTS) throw refused(thrown, toName)
      continue
    }
    await awaitAgreement(clients, target.memberId, toName, signal)
    return moved
  }
}

/** The status of every member that answers; others are left out. */
async function readStatuses(
  clients: readonly MemberClient[],
  signal: AbortSignal | undefined,
): Promise<readonly MemberStatus[]> {
  const answers = clients.map(async (client): Promise<MemberStatus | undefined> => {
    try {
      const status = await client.call(Maintenance.method.status, {}, { timeoutMs: STATUS_MS, signal })
      return {
        client,
        memberId: status.header?.memberId ?? 0n,
        leaderId: status.leader === 0n ? undefined : status.leader,
        learner: status.isLearner,
        raftTerm: status.raftTerm,
        index: status.raftAppliedIndex > 0n ? status.raftAppliedIndex : status.raftIndex,
      }
    } catch (thrown) {
      if (!(thrown instanceof QuorateError) || thrown.code !== 'etcd') throw thrown
      return undefined
    }
  })
  return (await Promise.all(answers)).filter((status) => status !== undefined)
}

function refused(thrown: QuorateError, toName: string): QuorateError {
  return new QuorateError('etcd', `leadership did not move to ${toName}: ${thrown.message}`, {
    host: thrown.host,
    hint: 'run quorate status, or choose another member: this one may be cut off from the leader, or too slow',
    cause: thrown,
  })
}

async function awaitAgreement(
  clients: readonly MemberClient[],
  leaderId: bigint,
  toName: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const look = async (): Promise<Looked<void, readonly MemberStatus[]>> => {
    const statuses = await readStatuses(clients, signal)
    const others = statuses.filter((status) => status.leaderId !== leaderId)
    return statuses.length > 0 && others.length === 0 ? { found: undefined } : { missing: others }
  }
  await until(look, {
    ms: AGREEMENT_MS,
    everyMs: PAUSE_MS,
    signal,
    late: (others) => {
      const said = others.map((status) =>
        status.leaderId === undefined
          ? `${status.client.name} knows no leader`
          : `${status.client.name} says ${formatId(status.leaderId)}`,
      )
      throw new QuorateError(
        'unhealthy',
        `leadership moved to ${toName}, but after ${AGREEMENT_MS / 1000} s not all members agree: ${said.join(', ')}`,
        { hint: 'run quorate status: another election may have happened, or the network is partitioned' },
      )
    },
  })
}
