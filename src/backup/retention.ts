/**
 * Which backups are kept: the newest of the latest hours, days, weeks and months that have one. Pure. All times are in
 * UTC.
 */
import type { Retention } from '../spec/backup.ts'

export interface DatedBackup {
  readonly takenAt: Date
  /** It was restored once, and its content was as expected. */
  readonly proven?: boolean | undefined
  /**
   * The record is signed by an allowed signer. Without a signature, anyone who can write to the backup location may
   * have written it.
   */
  readonly vouched?: boolean | undefined
  /** The backup location refuses to remove it before then (object lock). */
  readonly lockedUntil?: Date | undefined
}

/**
 * - `newest`: there is no newer one
 * - `proven`: the newest that passed a test restore
 * - `locked`: the backup location doesn't allow removing it yet
 * - `future`: its time is ahead of this workstation's clock; which of the two is wrong is unknown
 */
export type Reason = 'newest' | keyof Retention | 'proven' | 'locked' | 'future'

export interface Keeper<B> {
  readonly backup: B
  /** At least one. */
  readonly reasons: readonly Reason[]
}

export interface Sorted<B> {
  /** Newest first. */
  readonly kept: readonly Keeper<B>[]
  /** Oldest first: an interrupted removal has removed the least wanted ones. */
  readonly removable: readonly B[]
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** 1970-01-01 was a Thursday; weeks begin on Monday (ISO 8601). */
const DAYS_INTO_FIRST_WEEK = 3

/** The number of the hour, day, week or month of a time. */
const PERIODS: Readonly<Record<keyof Retention, (time: Date) => number>> = {
  hourly: (time) => Math.floor(time.getTime() / HOUR_MS),
  daily: (time) => Math.floor(time.getTime() / DAY_MS),
  weekly: (time) => Math.floor((Math.floor(time.getTime() / DAY_MS) + DAYS_INTO_FIRST_WEEK) / 7),
  monthly: (time) => time.getUTCFullYear() * 12 + time.getUTCMonth(),
}

/**
 * Removing after each backup leaves the same backups as removing once after many. The newest is always kept, whatever
 * the counts are, and so is the newest that passed a test restore. An unsigned record only keeps one more backup: it
 * never replaces a signed one.
 */
export function keepers<B extends DatedBackup>(backups: readonly B[], keep: Retention, now: Date): Sorted<B> {
  const newestFirst = backups.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())
  const past = newestFirst.filter(({ takenAt }) => takenAt <= now)
  const reasons = new Map<B, Reason[]>(newestFirst.map((backup) => [backup, []]))
  const give = (backup: B | undefined, reason: Reason) => {
    if (backup !== undefined) reasons.get(backup)?.push(reason)
  }
  give(past[0], 'newest')
  for (const kind of Object.keys(PERIODS) as (keyof Retention)[]) {
    for (const backup of newestOfEach(past, PERIODS[kind]).slice(0, keep[kind])) give(backup, kind)
  }
  const proven = newestFirst.filter((backup) => backup.proven === true)
  for (const backup of new Set([proven[0], newestFirst.find(({ vouched }) => vouched === true)]))
    give(backup, 'proven')
  for (const backup of newestFirst) {
    if (backup.lockedUntil !== undefined && backup.lockedUntil > now) give(backup, 'locked')
    if (backup.takenAt > now) give(backup, 'future')
  }
  const kept = newestFirst.map((backup) => ({ backup, reasons: reasons.get(backup) ?? [] }))
  return {
    kept: kept.filter((one) => one.reasons.length > 0),
    removable: kept
      .filter((one) => one.reasons.length === 0)
      .map(({ backup }) => backup)
      .toReversed(),
  }
}

function newestOfEach<B extends DatedBackup>(
  newestFirst: readonly B[],
  period: (time: Date) => number,
): readonly B[] {
  const seen = new Set<number>()
  return newestFirst.filter(({ takenAt }) => {
    const its = period(takenAt)
    if (seen.has(its)) return false
    seen.add(its)
    return true
  })
}
