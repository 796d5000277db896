/** What the recorder found out, as it is printed with `--json` and kept beside an operation's events. */
import type { FailureKind } from '../etcd/failure.ts'

/** Stable: fields are added, never renamed or removed. Times are ms, dates ISO 8601 in UTC. */
export interface AvailabilityReport {
  /** When the first operation was due. */
  readonly from: string
  /** From then until the last operation had ended. */
  readonly durationMs: number
  /** Writes begun each second, and as many reads. */
  readonly ratePerSecond: number
  /** How long one attempt on one member may take. */
  readonly attemptTimeoutMs: number
  /** How long an operation is tried, on one member after the other, before it counts as failed. */
  readonly operationTimeoutMs: number
  readonly writes: OperationFigures
  readonly reads: ReadFigures
  /** Acknowledged, and not there afterwards: must be 0. */
  readonly lostWrites: number
  /** Answers with a lower revision than one that had been seen before they were asked for: must be 0. */
  readonly revisionsBackwards: number
  readonly watch: WatchFigures
  readonly leader: LeaderFigures
  readonly members: readonly MemberFigures[]
  /** The longest time for which this process itself was too busy to act: a gap of that length may be its own. */
  readonly ownPauseMs: number
  /** Every last acknowledged write was read back at the end. False: `lostWrites` is not proven. */
  readonly verified: boolean
  /** The keys that were written are gone again. False: their lease removes them, `leaseSeconds` later at most. */
  readonly cleaned: boolean
  readonly leaseSeconds: number
  /** What went wrong with the recorder itself. */
  readonly troubles: readonly string[]
}

export interface OperationFigures {
  /** Operations that came to an end: `acknowledged` and `failed`. */
  readonly tried: number
  readonly acknowledged: number
  /** Not acknowledged within `operationTimeoutMs`, whatever member was asked. */
  readonly failed: number
  /** Attempts beyond the first of their operation. */
  readonly retried: number
  /** Not begun when they were due, because too many before them had not ended yet. */
  readonly heldBack: number
  /**
   * The longest time between one acknowledgement and the next (or the beginning, or the end), less the time that lies
   * between two operations anyway. Operations don't wait for each other: one that is stuck makes no gap as long as
   * others go through.
   */
  readonly worstGapMs: number
  /** When that gap began; null: there was none. */
  readonly worstGapFrom: string | null
  /** From the beginning of an operation to its acknowledgement, all attempts included; right to 5 %, `max` exactly. */
  readonly latencyMs: {
    readonly p50: number
    readonly p90: number
    readonly p99: number
    readonly max: number
  }
}

export interface ReadFigures extends OperationFigures {
  /** Reads that did not show a write that had been acknowledged before they began: must be 0. */
  readonly stale: number
}

export interface WatchFigures {
  readonly events: number
  /** How often the stream ended or stood still, and was taken up on another member where it had ended. */
  readonly resumed: number
  /** Events that never came, by the keys' own counts of their changes: must be 0. */
  readonly missing: number
  /** Events that came twice, or after a later one: must be 0. */
  readonly duplicates: number
  /** The longest time from a write's acknowledgement to its event. */
  readonly worstDelayMs: number
  /** Acknowledged writes whose event was not awaited: the history was compacted away, or the recorder had ended. */
  readonly unchecked: number
}

export interface LeaderFigures {
  /** How often another term had a leader than before: moved leadership counts, an election without winner does not. */
  readonly changes: number
  readonly firstTerm: number
  readonly lastTerm: number
  /** The leaders as they were seen, the newest last; at most the last 50. */
  readonly seen: readonly { readonly member: string; readonly term: number; readonly at: string }[]
}

export interface MemberFigures {
  readonly name: string
  readonly attempts: number
  readonly failed: number
  /** How many attempts failed in which way. */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>
  readonly lastError: string | null
}

/** How things stand while it runs. */
export interface RecorderProgress {
  readonly writes: number
  readonly reads: number
  readonly failed: number
  /** The worst so far; a gap that is still open counts. */
  readonly worstGapMs: number
}
