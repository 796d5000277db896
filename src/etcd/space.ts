/** A member's database: how full it is, how much a defragmentation would free, and when it is worthwhile. */
import { formatBytes } from '../spec/units.ts'

/** The default of `quota-backend-bytes` (etcd's `quota.DefaultQuotaBytes`). */
export const DEFAULT_QUOTA_BYTES = 2 * 1024 ** 3

/** etcd advises against a quota above this. https://etcd.io/docs/v3.5/dev-guide/limit/ */
const LARGEST_ADVISED_BYTES = 8 * 1024 ** 3

/** The largest request that etcd accepts by default (`max-request-bytes`): less free space doesn't count. */
const REQUEST_BYTES = 1.5 * 1024 ** 2

/** Shares of the quota that cause a warning, and that need action. etcd's own alert is at 95 %. */
export const QUOTA_WARNING = 0.8
export const QUOTA_CRITICAL = 0.95

/** A member's database file, in bytes. */
export interface Space {
  /** The file, whose size the quota limits. */
  readonly sizeBytes: number
  /** The part that contains data; undefined: etcd 3.3 doesn't report it. */
  readonly inUseBytes: number | undefined
  /** undefined: unknown, because the node could not be inspected. Infinity: the quota is switched off. */
  readonly quotaBytes: number | undefined
}

/** When a defragmentation is worth blocking the member: both values must be exceeded. */
export interface DefragRule {
  /** Free bytes within the file, as a fraction of it (0 to 1). */
  readonly fraction: number
  /** Free bytes within the file. */
  readonly bytes: number
}

/** Like etcd's alert for fragmentation: half of the file, and 100 MiB. */
export const DEFRAG_RULE: DefragRule = { fraction: 0.5, bytes: 100 * 1024 ** 2 }

/** The effective quota: the running process's setting (3.6 and newer report it themselves), or etcd's default. */
export function quotaInForce(
  environment: Readonly<Record<string, string>> | undefined,
  reported = 0,
): number | undefined {
  if (reported > 0) return reported
  if (environment === undefined) return undefined
  const quota = Number(environment['ETCD_QUOTA_BACKEND_BYTES'] ?? '0')
  if (quota < 0) return Infinity
  return quota === 0 || Number.isNaN(quota) ? DEFAULT_QUOTA_BYTES : quota
}

/** What a defragmentation would free, in bytes; undefined before etcd 3.4. */
export function reclaimable({ sizeBytes, inUseBytes }: Space): number | undefined {
  return inUseBytes === undefined ? undefined : Math.max(0, sizeBytes - inUseBytes)
}

/** The file as a fraction of its quota (0 to 1, or more); undefined without a known quota. */
export function fullness({ sizeBytes, quotaBytes }: Space): number | undefined {
  return quotaBytes === undefined ? undefined : sizeBytes / quotaBytes
}

/** Whether a write of any allowed size would be accepted. False if the quota is unknown. */
export function hasRoom({ sizeBytes, quotaBytes }: Space): boolean {
  return quotaBytes !== undefined && sizeBytes + REQUEST_BYTES < quotaBytes
}

export type DefragReason =
  | { readonly worth: true; readonly why: string }
  | { readonly worth: false; readonly why: string }

/**
 * Whether a member should be defragmented: by the rule, or because it approaches its quota and a tenth of it can be
 * freed. The reason is for the operator.
 */
export function defragReason(space: Space, rule: DefragRule = DEFRAG_RULE): DefragReason {
  const free = reclaimable(space)
  if (free === undefined)
    return {
      worth: false,
      why: 'etcd before 3.4 does not say how much of it is in use (--all does it anyway)',
    }
  const share = space.sizeBytes === 0 ? 0 : free / space.sizeBytes
  const why = `${percent(share)} of its ${formatBytes(space.sizeBytes)} are free`
  if (share > rule.fraction && free > rule.bytes) return { worth: true, why }
  const full = fullness(space)
  if (full !== undefined && full > QUOTA_WARNING && share > 0.1)
    return { worth: true, why: `${why}, and it fills ${percent(full)} of its quota` }
  return { worth: false, why: `only ${why}` }
}

/** A quota that fits this much data and leaves the same amount free; a round number of bytes. */
export function adviseQuota(bytes: number): number {
  const wanted = Math.max(2 * bytes, 16 * 1024 ** 2)
  return 2 ** Math.ceil(Math.log2(wanted))
}

/** Whether etcd's authors advise against a quota of this size. */
export function beyondAdvice(quotaBytes: number): boolean {
  return quotaBytes > LARGEST_ADVISED_BYTES
}

/** `87 %` */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
