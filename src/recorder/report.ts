/** The recorder's result, as `--json` prints it and as it is stored with an operation's events. */
import type { FailureKind } from '../etcd/failure.ts'

/** Stable: fields are added, never renamed or removed. Times are ms, dates ISO 8601 in UTC. */
export interface AvailabilityReport {
  /** When the first operation was due. */
  readonly from: string
  /** From then until the last operation had ended. */
  readonly durationMs: number
  /** Writes started each second, and as many reads. */
  readonly ratePerSecond: number
  /** How long one attempt on one member may take. */
  readonly attemptTimeoutMs: number
  /** How long an operation is tried, on one member after the other, before it counts as failed. */
  readonly operationTimeoutMs: number
  readonly writes: OperationFigures
  readonly reads: ReadFigures
  /** Acknowledged but missing afterwards: must be 0. */
  readonly lostWrites: number
  /** Answers with a lower revision than one that was seen before the request: must be 0. */
  readonly revisionsBackwards: number
  readonly watch: WatchFigures
  readonly leader: LeaderFigures
  readonly members: readonly MemberFigures[]
  /** The longest time for which this process itself was too busy to act. It may have caused a gap of that length. */
  readonly ownPauseMs: number
  /** Every last acknowledged write was read back at the end. False: `lostWrites` is not verified. */
  readonly verified: boolean
  /** The written keys are removed. False: their lease removes them, at most `leaseSeconds` later. */
  readonly cleaned: boolean
  readonly leaseSeconds: number
  /** What went wrong with the recorder itself. */
  readonly troubles: readonly string[]
}

export interface OperationFigures {
  /** Finished operations: `acknowledged` and `failed`. */
  readonly tried: number
  readonly acknowledged: number
  /** Not acknowledged within `operationTimeoutMs`, whichever members were asked. */
  readonly failed: number
  /** Attempts beyond the first of their operation. */
  readonly retried: number
  /** Not started when they were due, because too many before them were still running. */
  readonly heldBack: number
  /**
   * The longest time between one acknowledgement and the next (or the start, or the end), minus the time between two
   * operations. Operations don't wait for each other: a stuck one makes no gap as long as others succeed.
   */
  readonly worstGapMs: number
  /** When that gap started; null: there was none. */
  readonly worstGapFrom: string | null
  /** From the start of an operation to its acknowledgement, including all attempts; accurate to 5 %, `max` exact. */
  readonly latencyMs: {
    readonly p50: number
    readonly p90: number
    readonly p99: number
    readonly max: number
  }
}

export interface ReadFigures extends OperationFigures {
  /** Reads that didn't show a write that was acknowledged before they started: must be 0. */
  readonly stale: number
}

export interface WatchFigures {
  readonly events: number
  /** How often the stream ended or stalled. After an end, it was continued on another member. */
  readonly resumed: number
  /** Events that never arrived, according to the keys' own counts of their changes: must be 0. */
  readonly missing: number
  /** Events that arrived twice, or after a later one: must be 0. */
  readonly duplicates: number
  /** The longest time from a write's acknowledgement to its event. */
  readonly worstDelayMs: number
  /** Acknowledged writes whose event was not awaited: the history was compacted, or the recorder had ended. */
  readonly unchecked: number
}

export interface LeaderFigures {
  /** How often a later term had a different leader. Moving leadership counts; an election without a winner doesn't. */
  readonly changes: number
  readonly firstTerm: number
  readonly lastTerm: number
  /** The observed leaders, newest last; at most the last 50. */
  readonly seen: readonly { readonly member: string; readonly term: number; readonly at: string }[]
}

export interface MemberFigures {
  readonly name: string
  readonly attempts: number
  readonly failed: number
  /** The number of failed attempts by kind of failure. */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>
  readonly lastError: string | null
}

/** The state while it runs. */
export interface RecorderProgress {
  readonly writes: number
  readonly reads: number
  readonly failed: number
  /** The longest so far, including an open gap. */
  readonly worstGapMs: number
}
