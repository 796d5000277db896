/** What the members of a cluster report about themselves and each other, read from all of them at once. */
import { type ErrorCode, QuorateError } from '../errors.ts'
import type { ListedMember } from './listed-member.ts'
import type { MemberClient } from './client.ts'
import { failureKind, type FailureKind } from './failure.ts'
import { Cluster, type Member } from './gen/cluster_pb.ts'
import { KV } from './gen/kv_pb.ts'
import {
  AlarmRequest_AlarmAction,
  AlarmType,
  Maintenance,
  type StatusResponse,
} from './gen/maintenance_pb.ts'
import { oneLine } from '../spec/visible.ts'
import { utf8 } from './keys.ts'
import { minorIn } from './minor.ts'
import { type Looked, giveUp, until } from '../wait/until.ts'

export { formatId } from './id.ts'

/** How long a member is asked again during an election, in ms, and how often. */
const ELECTION_MS = 3_000
const PAUSE_MS = 100

/** No real cluster has more members, alarms or URLs; and the maximum length of each text, in characters. */
const MOST = 1_000
const WORDS = 500

/** How requests fail that wait for a leader. */
const WITHOUT_LEADER: ReadonlySet<FailureKind> = new Set(['unavailable', 'deadline'])

export interface ClusterView {
  /** In the order asked. */
  readonly members: readonly MemberView[]
}

export type MemberView = ReachableMember | UnreachableMember

/** A member that returned no status. */
export interface UnreachableMember {
  readonly reachable: false
  /** The node's name in the cluster file. */
  readonly name: string
  readonly reason: FailureReason
  /**
   * It was never asked, because its node could not be reached from this host: whether it runs is unknown. The value
   * says why; undefined: it was asked, and `reason` says how that failed.
   */
  readonly unasked?: ErrorCode | undefined
}

export interface FailureReason {
  readonly kind: FailureKind
  readonly message: string
  readonly hint: string | undefined
}

/** What one member reports. IDs are numbers; `formatId` prints them like etcdctl. */
export interface ReachableMember {
  readonly reachable: true
  /** The node's name in the cluster file. */
  readonly name: string
  readonly clusterId: bigint
  readonly memberId: bigint
  /** undefined: it knows of no leader. */
  readonly leaderId: bigint | undefined
  /** Always false before etcd 3.4. */
  readonly learner: boolean
  /** The server's version, `3.5.16`. */
  readonly version: string
  /** Bytes of the database file. */
  readonly dbSizeBytes: number
  /** Bytes of it in use; undefined before etcd 3.4. */
  readonly dbSizeInUseBytes: number | undefined
  /** The effective quota, in bytes; undefined before etcd 3.6. */
  readonly dbSizeQuotaBytes?: number | undefined
  /** The minor of its data format, which follows the cluster's, `3.6`; undefined before etcd 3.6. */
  readonly storageVersion?: string | undefined
  /** The target minor of an enabled downgrade; undefined: none, or before etcd 3.6, which doesn't report it. */
  readonly downgradeTarget?: string | undefined
  readonly raftTerm: bigint
  readonly raftIndex: bigint
  /** undefined before etcd 3.4. */
  readonly raftAppliedIndex: bigint | undefined
  /** etcd's own messages about problems of this member (from 3.4 on). */
  readonly errors: readonly string[]
  /** Whether it answered a linearizable read, which needs a leader and a majority: this means 'healthy'. */
  readonly read:
    | { readonly answered: true; readonly revision: bigint }
    | { readonly answered: false; readonly reason: FailureReason }
  /** undefined: unknown. */
  readonly alarms: readonly Alarm[] | undefined
  /** The members in its list; undefined: unknown. */
  readonly list: MemberList | undefined
}

export interface Alarm {
  /** 0: etcd's periodic check of contents found a difference, but names no member. */
  readonly memberId: bigint
  /** `NOSPACE`, `CORRUPT`, or a number for an unknown type. */
  readonly type: string
}

export interface MemberList {
  /** false: this member's own knowledge, which may be stale (always before etcd 3.5, and without a majority). */
  readonly linearizable: boolean
  readonly members: readonly ListedMember[]
}

/**
 * Asks every member for its status, a linearizable read, its alarms and its list of members, all at once. A member that
 * doesn't answer is part of the view, not an error.
 *
 * @throws QuorateError `cancelled` after the signal.
 */
export async function readClusterView(
  members: readonly MemberClient[],
  signal?: AbortSignal,
): Promise<ClusterView> {
  return { members: await Promise.all(members.map((client) => readMember(client, signal))) }
}

async function readMember(client: MemberClient, signal: AbortSignal | undefined): Promise<MemberView> {
  const askStatus = async () => await client.call(Maintenance.method.status, {}, { signal })
  const first = attempt(askStatus)
  const patience = beyondElection(first)
  const questions = Promise.all([
    attempt(async () => await patience.ask(async () => await readLinearizably(client, signal))),
    attempt(async () => await listMembers(client, signal, patience.ask)),
  ])
  // After the signal, both fail: the status request reports it.
  questions.catch(() => undefined)
  const before = await first
  // If a member doesn't even return its status, don't wait for its other answers to fail.
  if (!before.ok) return { reachable: false, name: client.name, reason: before.reason }
  const [read, list] = await questions
  // Alarms are read through the Raft log. If an election drops the proposal, etcd waits for it in vain, for 5 s.
  const [status, alarms] = await Promise.all([
    patience.neededIt() ? attempt(askStatus) : before,
    read.ok || !WITHOUT_LEADER.has(read.reason.kind)
      ? attempt(
          async () =>
            await client.call(Maintenance.method.alarm, { action: AlarmRequest_AlarmAction.GET }, { signal }),
        )
      : undefined,
  ])
  if (!status.ok) return { reachable: false, name: client.name, reason: status.reason }
  return {
    reachable: true,
    name: client.name,
    ...describeStatus(status.value),
    read: read.ok ? { answered: true, revision: read.value } : { answered: false, reason: read.reason },
    alarms: alarms?.ok
      ? alarms.value.alarms
          .slice(0, MOST)
          .map(({ memberId, alarm }) => ({ memberId, type: alarmName(alarm) }))
      : undefined,
    list: list.ok ? list.value : undefined,
  }
}

/** Sends a request, and may repeat it. */
type Ask = <T>(question: () => Promise<T>) => Promise<T>

/**
 * A request during an election fails, although the member serves right afterwards: that doesn't make it unhealthy, so
 * it is asked again. Without a quorum, etcd lets requests wait for longer than this, and they are not repeated.
 */
function beyondElection(status: Promise<Attempt<StatusResponse>>): { ask: Ask; neededIt: () => boolean } {
  const end = performance.now() + ELECTION_MS
  let repeated = false
  const ask: Ask = async <T>(question: () => Promise<T>) => {
    const look = async (): Promise<Looked<T, unknown>> => {
      try {
        return { found: await question() }
      } catch (thrown) {
        if (failureKind(thrown) !== 'unavailable' || performance.now() > end) throw thrown
        const said = await status
        // A learner refuses every linearizable request.
        if (!said.ok || said.value.isLearner) throw thrown
        repeated = true
        return { missing: thrown }
      }
    }
    return await until(look, { ms: ELECTION_MS, everyMs: PAUSE_MS, signal: undefined, late: giveUp })
  }
  return { ask, neededIt: () => repeated }
}

function describeStatus(status: StatusResponse) {
  // 3.3 leaves out the fields that 3.4 added; a member of 3.4 or newer has always applied something.
  const modern = status.raftAppliedIndex > 0n
  return {
    clusterId: status.header?.clusterId ?? 0n,
    memberId: status.header?.memberId ?? 0n,
    leaderId: status.leader === 0n ? undefined : status.leader,
    learner: status.isLearner,
    version: oneLine(status.version, 100),
    dbSizeBytes: Number(status.dbSize),
    dbSizeInUseBytes: modern ? Number(status.dbSizeInUse) : undefined,
    dbSizeQuotaBytes: status.dbSizeQuota > 0n ? Number(status.dbSizeQuota) : undefined,
    storageVersion: minorIn(status.storageVersion),
    downgradeTarget: status.downgradeInfo?.enabled
      ? (minorIn(status.downgradeInfo.targetVersion) ?? 'unknown')
      : undefined,
    raftTerm: status.raftTerm,
    raftIndex: status.raftIndex,
    raftAppliedIndex: modern ? status.raftAppliedIndex : undefined,
    errors: status.errors.slice(0, MOST).map((error) => oneLine(error, WORDS)),
  }
}

/** The revision of a linearizable read of a key that need not exist. */
async function readLinearizably(client: MemberClient, signal: AbortSignal | undefined): Promise<bigint> {
  const response = await client.call(KV.method.range, { key: utf8('health'), countOnly: true }, { signal })
  return response.header?.revision ?? 0n
}

/**
 * The members as this one sees them; without a majority, its last knowledge. Use it also before changing membership,
 * but then only a linearizable list is acceptable.
 */
export async function listMembers(
  client: MemberClient,
  signal?: AbortSignal,
  ask: Ask = async (question) => await question(),
): Promise<MemberList> {
  try {
    const response = await ask(
      async () => await client.call(Cluster.method.memberList, { linearizable: true }, { signal }),
    )
    return { linearizable: true, members: listOf(client, response.members) }
  } catch (thrown) {
    if (!WITHOUT_LEADER.has(failureKind(thrown)) || signal?.aborted === true) throw thrown
    const response = await client.call(Cluster.method.memberList, { linearizable: false }, { signal })
    return { linearizable: false, members: listOf(client, response.members) }
  }
}

function listOf(client: MemberClient, members: readonly Member[]): readonly ListedMember[] {
  const list = members.slice(0, MOST).map(describeMember)
  return client.named?.(list) ?? list
}

function describeMember(member: Member): ListedMember {
  return {
    id: member.id,
    // The user who starts an etcd chooses these texts. A node's name contains nothing that would be changed by this.
    name: oneLine(member.name, WORDS),
    peerUrls: member.peerUrls.slice(0, MOST).map((url) => oneLine(url, WORDS)),
    clientUrls: member.clientUrls.slice(0, MOST).map((url) => oneLine(url, WORDS)),
    learner: member.isLearner,
  }
}

function alarmName(type: AlarmType): string {
  const known = Object.entries(AlarmType).find(([, value]) => value === type)
  return known?.[0] ?? String(type)
}

type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: FailureReason }

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (thrown) {
    if (!(thrown instanceof QuorateError) || thrown.code !== 'etcd') throw thrown
    return { ok: false, reason: { kind: failureKind(thrown), message: thrown.message, hint: thrown.hint } }
  }
}
