import { expect, test } from 'vitest'
import { overdueSince } from './overdue.ts'
import type { ScheduleState } from './state.ts'

const NOW = new Date('2026-06-01T12:00:00Z')

function judged(lastSuccess: string | undefined): string | undefined {
  const state: ScheduleState = {
    format: 1,
    cluster: 'prod',
    lastRun: '2026-06-01T11:00:00Z',
    runs: 1,
    failures: 0,
    lastSuccess,
  }
  return overdueSince({ state, periodSeconds: 3_600 }, NOW)
}

test('a backup of the last two periods is none too old, nor one by a clock that is a little ahead', () => {
  expect(judged('2026-06-01T10:00:01Z')).toBeUndefined()
  expect(judged('2026-06-01T12:04:00Z')).toBeUndefined()
})

test('an older one is, and so is none at all', () => {
  expect(judged('2026-06-01T09:59:59Z')).toMatch(/ 2026-06-01T09:59:59Z$/)
  expect(judged(undefined)).toEqual(expect.any(String))
})

test('one of a time to come hides no missing backup: the clock was set back since', () => {
  expect(judged('2027-06-01T12:00:00Z')).toMatch(/2027-06-01T12:00:00Z, .*clock/)
})
