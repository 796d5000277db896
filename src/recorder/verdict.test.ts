import { expect, test } from 'vitest'
import type { AvailabilityReport } from './report.ts'
import { sampleReport } from './sample.ts'
import { judgeAvailability, stallLimitMs } from './verdict.ts'

const { writes, reads, watch } = sampleReport()

test('a report without a flaw', () => {
  expect(judgeAvailability(sampleReport())).toEqual({ unnoticed: true, reasons: [] })
})

test.each<[string, Partial<AvailabilityReport>]>([
  ['1 acknowledged write was lost', { lostWrites: 1 }],
  ['2 acknowledged writes were lost', { lostWrites: 2 }],
  ['1 revision went back', { revisionsBackwards: 1 }],
  ['3 reads were stale', { reads: { ...reads, stale: 3 } }],
  ['1 change was missing in the watch', { watch: { ...watch, missing: 1 } }],
  ['1 change came twice in the watch', { watch: { ...watch, duplicates: 1 } }],
  ['1 write was not seen by the watch', { watch: { ...watch, unchecked: 1 } }],
  ['4 writes failed', { writes: { ...writes, failed: 4 } }],
  ['1 read failed', { reads: { ...reads, failed: 1 } }],
  [
    'writes stalled for 2.6 s, more than one election takes (2.5 s)',
    { writes: { ...writes, worstGapMs: 2_600 } },
  ],
  [
    'reads stalled for 9.0 s, more than one election takes (2.5 s)',
    { reads: { ...reads, worstGapMs: 9_000 } },
  ],
  ['no write was acknowledged', { writes: { ...writes, acknowledged: 0 } }],
  ['the last writes could not be read back, so it is unknown whether one was lost', { verified: false }],
])('%s', (reason, flaw) => {
  expect(judgeAvailability({ ...sampleReport(), ...flaw })).toEqual({ unnoticed: false, reasons: [reason] })
})

test("a stall within one election doesn't count, and a slower cluster's election is longer", () => {
  const slow = { ...sampleReport(), writes: { ...writes, worstGapMs: 2_500 } }
  expect(judgeAvailability(slow).unnoticed).toBe(true)
  const slower = { ...sampleReport(), writes: { ...writes, worstGapMs: 9_000 } }
  expect(judgeAvailability(slower, stallLimitMs(5_000)).unnoticed).toBe(true)
})

test("the probe's own pause is named in addition to the stall", () => {
  const report = { ...sampleReport(), writes: { ...writes, worstGapMs: 4_000 }, ownPauseMs: 3_900 }
  expect(judgeAvailability(report).reasons.join()).toContain('quorate itself paused for 3.9 s')
})
