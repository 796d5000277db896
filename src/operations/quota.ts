/** `quorate quota`: how full every member is, of what, and whether that calls for something. */
import {
  QUOTA_CRITICAL,
  QUOTA_WARNING,
  adviseQuota,
  beyondAdvice,
  defragReason,
  fullness,
  percent,
  reclaimable,
} from '../etcd/space.ts'
import type { ClusterCondition, MemberCondition } from '../plan/condition.ts'
import type { Session } from '../run/session.ts'
import { lookAtMembers } from './members.ts'

export interface QuotaReport {
  readonly members: readonly MemberQuota[]
  /** Raised alarms, each as `etcd01: NOSPACE`. */
  readonly alarms: readonly string[]
  /** What should be done, most urgent first; empty: nothing. */
  readonly advice: readonly string[]
  readonly state: 'ok' | 'warning' | 'critical'
}

export interface MemberQuota {
  readonly name: string
  /** null in this and the following: not known. A quota of null with a known size may be one that is switched off. */
  readonly quotaBytes: number | null
  readonly unlimited: boolean
  readonly sizeBytes: number | null
  /** Of the file; before etcd 3.4 not known. */
  readonly inUseBytes: number | null
  /** Within the file, and had back by a defragmentation. */
  readonly freeBytes: number | null
  /** The file as a share of its quota, 0 to 1. */
  readonly full: number | null
}

export async function quota(session: Session): Promise<QuotaReport> {
  const { condition } = await lookAtMembers(session)
  return quotaReport(condition)
}

export function quotaReport(condition: ClusterCondition): QuotaReport {
  const fullest = Math.max(0, ...condition.members.map(({ space }) => (space && fullness(space)) ?? 0))
  const jammed = condition.alarms.some(({ type }) => type === 'NOSPACE')
  const state = jammed || fullest >= QUOTA_CRITICAL ? 'critical' : fullest >= QUOTA_WARNING ? 'warning' : 'ok'
  return {
    members: condition.members.map(memberQuota),
    alarms: condition.alarms.map(({ member, type }) => `${member}: ${type}`),
    advice: advice(condition, jammed),
    state,
  }
}

function memberQuota({ name, space }: MemberCondition): MemberQuota {
  const limit = space?.quotaBytes
  return {
    name,
    quotaBytes: limit === undefined || limit === Infinity ? null : limit,
    unlimited: limit === Infinity,
    sizeBytes: space?.sizeBytes ?? null,
    inUseBytes: space?.inUseBytes ?? null,
    freeBytes: (space && reclaimable(space)) ?? null,
    full: (space && fullness(space)) ?? null,
  }
}

function advice({ members }: ClusterCondition, jammed: boolean): string[] {
  const lines = members.flatMap(({ name, space }) => {
    if (space === undefined) return [`${name} did not say how large it is: quorate status`]
    const full = fullness(space)
    const worth = defragReason(space)
    const parts = [
      ...(full !== undefined && full >= QUOTA_WARNING && !worth.worth ? [growth(name, space, full)] : []),
      ...(worth.worth ? [`${name}: ${worth.why}: quorate defrag`] : []),
      ...(space.quotaBytes !== undefined && space.quotaBytes !== Infinity && beyondAdvice(space.quotaBytes)
        ? [`${name}: its quota is beyond the 8 GiB that etcd advises: starts and snapshots get slow`]
        : []),
    ]
    return parts
  })
  const differ = new Set(members.flatMap(({ space }) => space?.quotaBytes ?? [])).size > 1
  return [
    ...(jammed ? ['writes are refused (NOSPACE): quorate unjam'] : []),
    ...lines,
    ...(differ
      ? ['the members have different quotas: the smallest decides; quorate apply makes them the same']
      : []),
  ]
}

function growth(name: string, space: NonNullable<MemberCondition['space']>, full: number): string {
  const live = space.inUseBytes ?? space.sizeBytes
  return `${name} fills ${percent(full)} of its quota: remove old revisions (quorate compact --keep 1000), or raise it in the cluster file (etcd.settings: { quota-backend-bytes: ${adviseQuota(live)} }) and: quorate apply`
}
