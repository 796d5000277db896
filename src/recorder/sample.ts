/** A report without problems, for tests. */
import type { AvailabilityReport } from './report.ts'

export function sampleReport(): AvailabilityReport {
  const figures = {
    tried: 50,
    acknowledged: 50,
    failed: 0,
    retried: 2,
    heldBack: 0,
    worstGapMs: 120,
    worstGapFrom: '2030-01-01T00:00:01.000Z',
    latencyMs: { p50: 5, p90: 7, p99: 80, max: 130 },
  }
  return {
    from: '2030-01-01T00:00:00.000Z',
    durationMs: 5_000,
    ratePerSecond: 10,
    attemptTimeoutMs: 1_000,
    operationTimeoutMs: 10_000,
    writes: figures,
    reads: { ...figures, stale: 0 },
    lostWrites: 0,
    revisionsBackwards: 0,
    watch: { events: 50, resumed: 1, missing: 0, duplicates: 0, worstDelayMs: 10, unchecked: 0 },
    leader: {
      changes: 1,
      firstTerm: 2,
      lastTerm: 3,
      seen: [
        { member: 'etcd01', term: 2, at: '2030-01-01T00:00:00.000Z' },
        { member: 'etcd02', term: 3, at: '2030-01-01T00:00:01.000Z' },
      ],
    },
    members: [
      { name: 'etcd01', attempts: 40, failed: 2, failures: { closed: 2 }, lastError: 'closed' },
      { name: 'etcd02', attempts: 60, failed: 0, failures: {}, lastError: null },
    ],
    ownPauseMs: 12,
    verified: true,
    cleaned: true,
    leaseSeconds: 60,
    troubles: [],
  }
}
