/** Maintenance of a running cluster through etcd's API: compaction, defragmentation, alarms. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { failureKind } from './failure.ts'
import { KV } from './gen/kv_pb.ts'
import { AlarmRequest_AlarmAction, AlarmType, Maintenance } from './gen/maintenance_pb.ts'
import { utf8 } from './keys.ts'

/** One hour, however large the database is. Ctrl-C ends the wait, but not what etcd has started. */
const PATIENCE_MS = 3_600_000

/**
 * Returns free space within a member's file to its disk. The member answers no requests during this time. etcd finishes
 * what it has started, even if quorate stops waiting.
 *
 * @throws QuorateError `etcd`; `cancelled` after the signal.
 */
export async function defragment(member: MemberClient, signal?: AbortSignal): Promise<void> {
  await member.call(Maintenance.method.defragment, {}, { timeoutMs: PATIENCE_MS, signal })
}

/**
 * Whether the history before this revision is already compacted. Asks only one member, with a read at the revision
 * before.
 */
export async function isCompacted(
  member: MemberClient,
  revision: number,
  signal?: AbortSignal,
): Promise<boolean> {
  // Revision 0 means the newest.
  if (revision <= 1) return true
  try {
    const request = { key: utf8('health'), countOnly: true, revision: BigInt(revision - 1) }
    await member.call(KV.method.range, request, { signal })
    return false
  } catch (thrown) {
    if (failureKind(thrown) !== 'out-of-range') throw thrown
    return true
  }
}

/**
 * Removes the history before a revision, on all members; the newest value of each key stays.
 *
 * @param members `physical` waits until each of these has freed the space; otherwise, only the first of them is asked.
 * @returns false: it was already compacted (`physical` still waits).
 * @throws QuorateError `etcd`; `cancelled` after the signal.
 */
export async function compact(
  members: readonly MemberClient[],
  revision: number,
  options: { readonly physical: boolean; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const [first, ...others] = members
  if (first === undefined) throw new TypeError('no members to compact')
  const { physical, signal } = options
  const changed = await compactThrough(first, revision, physical, signal)
  // Each member frees its own space at its own pace. A repeated request returns after the member has finished.
  if (physical)
    await Promise.all(others.map(async (member) => await compactThrough(member, revision, true, signal)))
  return changed
}

async function compactThrough(
  member: MemberClient,
  revision: number,
  physical: boolean,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const timeoutMs = physical ? PATIENCE_MS : undefined
    await member.call(KV.method.compact, { revision: BigInt(revision), physical }, { timeoutMs, signal })
    return true
  } catch (thrown) {
    if (failureKind(thrown) !== 'out-of-range') throw thrown
    return false
  }
}

/** @param type `NOSPACE`. @throws QuorateError `etcd`, and `blocked` for a type that only an operator may judge. */
export async function disarm(
  member: MemberClient,
  alarm: { readonly memberId: bigint; readonly type: string },
  signal?: AbortSignal,
): Promise<void> {
  if (alarm.type !== 'NOSPACE')
    throw new QuorateError('blocked', `quorate does not disarm alarm ${alarm.type}`)
  const { memberId } = alarm
  const request = { action: AlarmRequest_AlarmAction.DEACTIVATE, memberId, alarm: AlarmType.NOSPACE }
  await member.call(Maintenance.method.alarm, request, { signal })
}

/**
 * Allows writes again. Call it only after all remaining members were seen to have equal contents. The alarm may belong
 * to a removed member, because etcd keeps it.
 *
 * @throws QuorateError `etcd`
 */
export async function disarmCorrupt(
  member: MemberClient,
  memberId: bigint,
  signal?: AbortSignal,
): Promise<void> {
  const request = { action: AlarmRequest_AlarmAction.DEACTIVATE, memberId, alarm: AlarmType.CORRUPT }
  await member.call(Maintenance.method.alarm, request, { signal })
}
