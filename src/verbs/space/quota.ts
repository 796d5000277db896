/** `quorate quota`: shows how full each member is, what uses the space, and whether to act on that. */
import {
  QUOTA_CRITICAL,
  QUOTA_WARNING,
  adviseQuota,
  beyondAdvice,
  defragReason,
  fullness,
  percent,
  reclaimable,
} from '../../etcd/space.ts'
import type { Standing, MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { standingNow } from '../../tiers/etcd/facts/members.ts'

export interface QuotaReport {
  readonly members: readonly MemberQuota[]
  /** Raised alarms, each as `etcd01: NOSPACE`. */
  readonly alarms: readonly string[]
  /** What to do, most urgent first; empty: nothing. */
  readonly advice: readonly string[]
  readonly state: 'ok' | 'warning' | 'critical'
}

export interface MemberQuota {
  readonly name: string
  /**
   * null in this and the following fields: unknown. If the size is known, a null quota can mean that the quota is
   * disabled.
   */
  readonly quotaBytes: number | null
  readonly unlimited: boolean
  readonly sizeBytes: number | null
  /** Bytes of the file in use; unknown before etcd 3.4. */
  readonly inUseBytes: number | null
  /** Free bytes within the file, which a defragmentation returns to the disk. */
  readonly freeBytes: number | null
  /** The file as a share of its quota, 0 to 1. */
  readonly full: number | null
}

export async function quota(session: Session): Promise<QuotaReport> {
  const standing = await standingNow(session)
  return quotaReport(standing)
}

export function quotaReport(standing: Standing): QuotaReport {
  const fullest = Math.max(0, ...standing.members.map(({ space }) => (space && fullness(space)) ?? 0))
  const jammed = standing.alarms.some(({ type }) => type === 'NOSPACE')
  const state = jammed || fullest >= QUOTA_CRITICAL ? 'critical' : fullest >= QUOTA_WARNING ? 'warning' : 'ok'
  return {
    members: standing.members.map(memberQuota),
    alarms: standing.alarms.map(({ member, type }) => `${member}: ${type}`),
    advice: advice(standing, jammed),
    state,
  }
}

function memberQuota({ name, space }: MemberStanding): MemberQuota {
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

function advice({ members }: Standing, jammed: boolean): string[] {
  const silent = members.filter(({ space }) => space === undefined).map(({ name }) => name)
  const differ = new Set(members.flatMap(({ space }) => space?.quotaBytes ?? [])).size > 1
  return [
    ...(jammed ? ['writes are rejected (NOSPACE): quorate space reclaim'] : growth(members)),
    ...(silent.length > 0 ? [`database size of ${silent.join(', ')} is unknown: quorate status`] : []),
    ...(differ
      ? ['members have different quotas: the smallest limits the cluster; quorate apply makes them equal']
      : []),
    ...(members.some(({ space }) => isBeyondAdvice(space))
      ? [
          "the quota exceeds etcd's recommended maximum of 8 GiB: starts, snapshots and defragmentations get slow",
        ]
      : []),
  ]
}

/** How much space can be freed, and which members stay full anyway. */
function growth(members: readonly MemberStanding[]): string[] {
  const known = members.flatMap(({ name, space }) => (space === undefined ? [] : [{ name, space }]))
  const worth = known.filter(({ space }) => defragReason(space).worth)
  const full = known.filter(
    ({ name, space }) => (fullness(space) ?? 0) >= QUOTA_WARNING && !worth.some((one) => one.name === name),
  )
  const fullest = Math.max(...full.map(({ space }) => fullness(space) ?? 0))
  const live = Math.max(...full.map(({ space }) => space.inUseBytes ?? space.sizeBytes))
  const some = full.length > 1 ? 'use up to' : 'uses'
  return [
    ...worth.map(({ name, space }) => `${name}: ${defragReason(space).why}: quorate defrag`),
    ...(full.length === 0
      ? []
      : [
          `${names(full)} ${some} ${percent(fullest)} of the quota: remove old revisions (quorate compact --keep 1000, then quorate defrag), or set a larger quota in the cluster file (etcd.settings: { quota-backend-bytes: ${adviseQuota(live)} }) and run quorate apply`,
        ]),
  ]
}

function isBeyondAdvice(space: MemberStanding['space']): boolean {
  const limit = space?.quotaBytes ?? 0
  return limit !== Infinity && beyondAdvice(limit)
}

function names(members: readonly { readonly name: string }[]): string {
  return members.map(({ name }) => name).join(', ')
}
