import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Retention } from '../spec/backup.ts'
import { type DatedBackup, type Reason, keepers } from './retention.ts'

const NOTHING: Retention = { hourly: 0, daily: 0, weekly: 0, monthly: 0 }
const NOW = new Date('2026-03-31T12:00:00Z')

function at(...times: string[]): readonly DatedBackup[] {
  return times.map((time) => ({ takenAt: new Date(time) }))
}

function kept(backups: readonly DatedBackup[], keep: Partial<Retention>, now = NOW): readonly string[] {
  const { kept: keeping } = keepers(backups, { ...NOTHING, ...keep }, now)
  return keeping.map(
    ({ backup, reasons }) => `${backup.takenAt.toISOString().slice(0, 16)} ${reasons.join(' ')}`,
  )
}

test('nothing is kept of nothing, and the newest whatever the counts', () => {
  expect(keepers([], { hourly: 1, daily: 1, weekly: 1, monthly: 1 }, NOW)).toEqual({
    kept: [],
    removable: [],
  })
  expect(kept(at('2026-03-30T10:00Z', '2026-03-30T11:00Z'), {})).toEqual(['2026-03-30T11:00 newest'])
})

test('of an hour its newest, and hours without a backup do not count', () => {
  const backups = at('2026-03-31T11:59Z', '2026-03-31T11:00Z', '2026-03-31T10:59:59Z', '2026-03-29T04:30Z')
  expect(kept(backups, { hourly: 3 })).toEqual([
    '2026-03-31T11:59 newest hourly',
    '2026-03-31T10:59 hourly',
    '2026-03-29T04:30 hourly',
  ])
})

test('days begin at midnight UTC, weeks on Monday, months on the first', () => {
  const days = at('2026-03-30T00:00Z', '2026-03-29T23:59Z', '2026-03-29T00:00Z')
  expect(kept(days, { daily: 9 })).toEqual(['2026-03-30T00:00 newest daily', '2026-03-29T23:59 daily'])
  // 2026-03-29 is a Sunday.
  expect(kept(days, { weekly: 9 })).toEqual(['2026-03-30T00:00 newest weekly', '2026-03-29T23:59 weekly'])
  const months = at('2026-03-01T00:00Z', '2026-02-28T23:59Z', '2026-02-01T00:00Z', '2025-02-28T00:00Z')
  expect(kept(months, { monthly: 9 })).toEqual([
    '2026-03-01T00:00 newest monthly',
    '2026-02-28T23:59 monthly',
    '2025-02-28T00:00 monthly',
  ])
})

test('a change of clocks in summer changes nothing', () => {
  // In Berlin clocks went from 02:00 to 03:00 on this day.
  const hours = at('2026-03-29T00:30Z', '2026-03-29T01:30Z', '2026-03-29T02:30Z')
  expect(kept(hours, { hourly: 9 })).toHaveLength(3)
})

test('a year of hourly backups comes down to hours, days, weeks and months', () => {
  const start = Date.parse('2025-03-31T12:00:00Z')
  const backups = Array.from({ length: 365 * 24 + 1 }, (_, hour) => ({
    takenAt: new Date(start + hour * 3_600_000),
  }))
  const { kept: keeping, removable } = keepers(backups, { hourly: 24, daily: 7, weekly: 5, monthly: 12 }, NOW)
  const count = (reason: Reason) => keeping.filter(({ reasons }) => reasons.includes(reason)).length
  expect([count('hourly'), count('daily'), count('weekly'), count('monthly')]).toEqual([24, 7, 5, 12])
  expect(keeping.length).toBeLessThan(24 + 7 + 5 + 12)
  expect(keeping.length + removable.length).toBe(backups.length)
  expect(removable[0]?.takenAt.toISOString()).toBe('2025-03-31T12:00:00.000Z')
})

test('the newest restore-tested backup stays, older ones may be removed', () => {
  const [newest, middle, oldest] = at('2026-03-31T11:00Z', '2026-02-01T00:00Z', '2026-01-01T00:00Z')
  const backups = [{ ...oldest, proven: true }, { ...middle, proven: true }, newest] as DatedBackup[]
  expect(kept(backups, {})).toEqual(['2026-03-31T11:00 newest', '2026-02-01T00:00 proven'])
})

test('a record without a valid signature replaces none: the newest with one stays, too', () => {
  const backups = at('2026-03-31T11:00Z', '2026-02-01T00:00Z', '2026-01-15T00:00Z', '2026-01-01T00:00Z')
  const records = [{}, { proven: true }, { proven: true, vouched: true }, { proven: true, vouched: true }]
  expect(
    kept(backups.map((backup, index) => ({ ...backup, ...records[index] })) as DatedBackup[], {}),
  ).toEqual(['2026-03-31T11:00 newest', '2026-02-01T00:00 proven', '2026-01-15T00:00 proven'])
})

test('what is locked stays until it is not', () => {
  const [newest, locked] = at('2026-03-31T11:00Z', '2026-01-01T00:00Z') as [DatedBackup, DatedBackup]
  const until = (lockedUntil: Date) => [newest, { ...locked, lockedUntil }]
  expect(kept(until(new Date(NOW.getTime() + 1)), {})).toContain('2026-01-01T00:00 locked')
  expect(kept(until(NOW), {})).toEqual(['2026-03-31T11:00 newest'])
})

test('one from the future neither goes nor stands for the newest', () => {
  const backups = at('2027-01-01T00:00Z', '2026-03-31T11:00Z', '2026-03-31T10:00Z')
  expect(kept(backups, { hourly: 1 })).toEqual(['2027-01-01T00:00 future', '2026-03-31T11:00 newest hourly'])
})

function timesOf(backups: readonly DatedBackup[]): readonly number[] {
  return backups.map(({ takenAt }) => takenAt.getTime())
}

const anyBackup = fc.record({
  takenAt: fc.date({
    min: new Date('2025-12-01T00:00:00Z'),
    max: new Date('2026-04-10T00:00:00Z'),
    noInvalidDate: true,
  }),
  proven: fc.boolean(),
})
const anyCounts = fc.record({
  hourly: fc.nat(5),
  daily: fc.nat(5),
  weekly: fc.nat(5),
  monthly: fc.nat(5),
})

test('whatever there is: nothing is lost or counted twice, and a second look removes no more', () => {
  fc.assert(
    fc.property(fc.array(anyBackup, { maxLength: 60 }), anyCounts, (backups, keep) => {
      const { kept: keeping, removable } = keepers(backups, keep, NOW)
      const all = [...keeping.map(({ backup }) => backup), ...removable]
      expect(all).toHaveLength(backups.length)
      expect(new Set(all)).toEqual(new Set(backups))
      const past = backups.filter(({ takenAt }) => takenAt <= NOW)
      const given = (reason: Reason) => keeping.some(({ reasons }) => reasons.includes(reason))
      expect(given('newest')).toBe(past.length > 0)
      expect(given('proven')).toBe(backups.some(({ proven }) => proven))
      expect(
        keepers(
          keeping.map(({ backup }) => backup),
          keep,
          NOW,
        ).removable,
      ).toEqual([])
    }),
  )
})

test('removing after each backup leaves what removing once after all of them does', () => {
  fc.assert(
    fc.property(fc.array(anyBackup, { maxLength: 40 }), anyCounts, (all, keep) => {
      const inOrder = all
        .map(({ takenAt }): DatedBackup => ({ takenAt }))
        .filter(({ takenAt }) => takenAt <= NOW)
        .toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime())
      let left: readonly DatedBackup[] = []
      for (const backup of inOrder) {
        left = keepers([...left, backup], keep, backup.takenAt).kept.map((one) => one.backup)
      }
      const once = keepers(inOrder, keep, NOW).kept.map((one) => one.backup)
      expect(new Set(timesOf(left))).toEqual(new Set(timesOf(once)))
    }),
  )
})
