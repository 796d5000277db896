/** Whether a client of the cluster would have noticed anything. */
import type { AvailabilityReport } from './report.ts'

export interface Verdict {
  /** Verified: no ordinary client that retries could notice anything. */
  readonly unnoticed: boolean
  /** What could be noticed or was not verified, as text. */
  readonly reasons: readonly string[]
}

/** etcd's own default, in ms. */
const ELECTION_TIMEOUT_MS = 1_000

/** For the new leader's first commit, and for clients to find it. */
const GRACE_MS = 500

/**
 * The longest stall that passes as one election, in ms. Followers wait for one to two election timeouts before they
 * stand (Raft's randomized timeout), and the winner needs a moment.
 */
export function stallLimitMs(electionTimeoutMs = ELECTION_TIMEOUT_MS): number {
  return 2 * electionTimeoutMs + GRACE_MS
}

/**
 * An operation had no client impact if no write or read failed and none stalled for longer than one election. Also,
 * nothing was lost, no read was stale or out of order, and the watch had every change once.
 */
export function judgeAvailability(report: AvailabilityReport, limitMs = stallLimitMs()): Verdict {
  const { writes, reads, watch } = report
  const stall = (what: string, gapMs: number) => {
    if (gapMs <= limitMs) return undefined
    // This process may have caused half of it. Report that, so that operators don't search for the cause in the
    // cluster.
    const own =
      report.ownPauseMs > gapMs / 2 ? `; quorate itself paused for ${seconds(report.ownPauseMs)}` : ''
    return `${what} stalled for ${seconds(gapMs)}, more than one election takes (${seconds(limitMs)})${own}`
  }
  const reasons = [
    problem(report.lostWrites, 'acknowledged write was lost', 'acknowledged writes were lost'),
    problem(report.revisionsBackwards, 'revision went back', 'revisions went back'),
    problem(reads.stale, 'read was stale', 'reads were stale'),
    problem(watch.missing, 'change was missing in the watch', 'changes were missing in the watch'),
    problem(watch.duplicates, 'change came twice in the watch', 'changes came twice in the watch'),
    problem(writes.failed, 'write failed', 'writes failed'),
    problem(reads.failed, 'read failed', 'reads failed'),
    stall('writes', writes.worstGapMs),
    stall('reads', reads.worstGapMs),
    writes.acknowledged === 0 && 'no write was acknowledged',
    !report.verified && 'the last writes could not be read back, so it is unknown whether one was lost',
    report.verified &&
      problem(watch.unchecked, 'write was not seen by the watch', 'writes were not seen by the watch'),
  ].filter((reason) => typeof reason === 'string')
  return { unnoticed: reasons.length === 0, reasons }
}

function problem(number: number, one: string, many: string): string | undefined {
  return number === 0 ? undefined : `${number} ${number === 1 ? one : many}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
