/**
 * Judges whether a lock holder is alive, by the node's uptime and boot ID, because a wall clock can be set. Pure.
 * What nodes report is untrusted data: bounded, and without control characters.
 */

/** How long a holder may be silent, in s: its heartbeat is every 5 s. */
export const SILENCE_SECONDS = 30

/** One reading of the lock on one node. */
export interface LockReading {
  readonly host: string
  /** Identifies this lock among all locks of this node, past and future. */
  readonly id: string
  /** The last heartbeat, as the node writes it: compared, and sent back. */
  readonly beat: string
  /** The holder's own description, as one line; empty: unknown. */
  readonly who: string
  /** Uptime and boot at the last heartbeat; undefined: an earlier version wrote it, or it is invalid. */
  readonly beatAt: { readonly boot: string; readonly uptime: number } | undefined
  /** Uptime and boot of the node, at the reading. */
  readonly now: { readonly boot: string; readonly uptime: number }
  /** Seconds since the last heartbeat by the node's wall clock, for versions that write nothing else. Shown only. */
  readonly wallSeconds: number
}

/** Observation of one lock: how long its heartbeat has been unchanged, on this process's clock, in ms. */
export interface LockObservation {
  readonly reading: LockReading
  readonly sinceMs: number
  /** A new heartbeat came during the observation. */
  readonly moved: boolean
}

/**
 * - `beats`: the holder is alive
 * - `gone`: it is not; `rebooted`: the node has rebooted since the last heartbeat
 * - `unsure`: the last heartbeat is in the future, or its clock proves nothing: only watching shows
 */
export type LockState =
  | { readonly state: 'beats'; readonly silentSeconds: number }
  | { readonly state: 'gone'; readonly silentSeconds: number; readonly rebooted: boolean }
  | { readonly state: 'unsure'; readonly ahead: boolean }

const HELD =
  /^held (?<id>[0-9a-f]{64}) (?<beat>[0-9a-f:-]{1,100}) (?<boot>\S{1,64}) (?<uptime>\d{1,12}) (?<clock>\d{1,12}) (?<who>.*)$/m
const BEAT = /^(?<boot>[0-9a-f-]{36}):(?<uptime>\d{1,12}):-?\d{1,12}$/
const MTIME = /:(?<mtime>-?\d{1,12})$/
const WHO_LENGTH = 200

/** @param output of `lock.sh`, `lock-holder.sh` or `lock-break.sh`; undefined: it contains no holder. */
export function readHeld(output: string, host: string): LockReading | undefined {
  const found = HELD.exec(output)?.groups
  if (found === undefined) return undefined
  const { id = '', beat = '', boot = '', uptime, clock, who = '' } = found
  const at = BEAT.exec(beat)?.groups
  const mtime = MTIME.exec(beat)?.groups?.['mtime']
  return {
    host,
    id,
    beat,
    who: plainText(who),
    beatAt: at === undefined ? undefined : { boot: at['boot'] ?? '', uptime: Number(at['uptime']) },
    now: { boot, uptime: Number(uptime) },
    wallSeconds: Number(clock) - Number(mtime ?? clock),
  }
}

/** @param earlier the previous observation of the same node's lock; @param nowMs on a monotonic clock */
export function observationOf(
  reading: LockReading,
  earlier: LockObservation | undefined,
  nowMs: number,
): LockObservation {
  if (earlier?.reading.id !== reading.id) return { reading, sinceMs: nowMs, moved: false }
  if (earlier.reading.beat === reading.beat) return { ...earlier, reading }
  return { reading, sinceMs: nowMs, moved: true }
}

export function judgeLock({ reading, sinceMs, moved }: LockObservation, nowMs: number): LockState {
  const { beatAt, now } = reading
  const watched = (nowMs - sinceMs) / 1000
  if (beatAt !== undefined && beatAt.boot !== now.boot) {
    return { state: 'gone', silentSeconds: now.uptime, rebooted: true }
  }
  const silent = beatAt === undefined ? undefined : now.uptime - beatAt.uptime
  if (silent !== undefined && silent >= 0) {
    const rounded = Math.round(silent)
    return silent <= SILENCE_SECONDS
      ? { state: 'beats', silentSeconds: rounded }
      : { state: 'gone', silentSeconds: rounded, rebooted: false }
  }
  if (watched > SILENCE_SECONDS) return { state: 'gone', silentSeconds: Math.floor(watched), rebooted: false }
  return moved
    ? { state: 'beats', silentSeconds: Math.floor(watched) }
    : { state: 'unsure', ahead: silent !== undefined }
}

/** The lock holder, if its description has quorate's form. */
export interface Holder {
  readonly user: string
  readonly from: string
  readonly command: string
  /** ISO 8601, by the clock of its workstation. */
  readonly since: string
}

const HOLDER =
  /^(?<user>[^\s@]{1,64})@(?<from>[^\s@]{1,64}) \((?<command>[a-z][a-z -]{0,40})\) since (?<since>\d{4}-\d\d-\d\dT[\d:.]{5,12}Z)$/

export function holderText(user: string, from: string, command: string, since: Date): string {
  return `${user}@${from} (${command}) since ${since.toISOString()}`
}

export function parseHolder(who: string): Holder | undefined {
  const found = HOLDER.exec(who)?.groups
  if (found === undefined) return undefined
  const { user = '', from = '', command = '', since = '' } = found
  return { user, from, command, since }
}

function plainText(text: string): string {
  return text.slice(0, WHO_LENGTH).replaceAll(/\p{C}/gu, '?').trim()
}
