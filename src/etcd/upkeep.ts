/** The upkeep of a running cluster that etcd offers to whoever asks: compaction, defragmentation, alarms. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { failureKind } from './failure.ts'
import { KV } from './gen/kv_pb.ts'
import { AlarmRequest_AlarmAction, AlarmType, Maintenance } from './gen/maintenance_pb.ts'
import { utf8 } from './keys.ts'

/** However large the database is: an hour. Ctrl-C ends the waiting, though not what etcd has begun. */
const PATIENCE_MS = 3_600_000

/**
 * Gives free space within a member's file back to its disk. The member answers nothing meanwhile. What etcd has begun
 * it finishes, even if nobody waits for it any more.
 *
 * @throws QuorateError `etcd`; `cancelled` after the signal.
 */
export async function defragment(member: MemberClient, signal?: AbortSignal): Promise<void> {
  await member.call(Maintenance.method.defragment, {}, { timeoutMs: PATIENCE_MS, signal })
}

/**
 * Whether the history before this revision is gone already. Asked of one member alone, with a read at the revision
 * before.
 */
export async function isCompacted(
  member: MemberClient,
  revision: number,
  signal?: AbortSignal,
): Promise<boolean> {
  // Revision 0 means the newest one.
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
 * @param members `physical` waits until the space is free on each of these; otherwise the first of them is asked.
 * @returns false: it was gone already (with `physical` that is waited for all the same).
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
  // Each member frees its own space in its own time. Asked for what is done, it answers once its part is.
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

/** @param type `NOSPACE`. @throws QuorateError `etcd`, and `blocked` for a type that only a person may judge. */
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
 * Lets clients write again. Only for who has seen that all members left have equal contents: the alarm may be of one that
 * is gone, which etcd does not forget.
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
