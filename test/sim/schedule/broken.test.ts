import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenRules } from '../lives.ts'
import { live } from './life.ts'
import { type Deciders, RIGHT } from './operate.ts'
import { scheduleLife } from './scenario.ts'
import { SCHEDULE_INVARIANTS, type ScheduleInvariant, ScheduleViolation } from './violation.ts'

const lives = fc.sample(scheduleLife, { numRuns: 100, seed: 20_261_130 })

/** Deliberately faulty work, one for each rule. */
const BROKEN: readonly {
  readonly what: string
  readonly breaks: ScheduleInvariant
  readonly wrong: Partial<Deciders>
}[] = [
  {
    what: 'starts the new one before it ends the old one',
    breaks: 'never-two',
    wrong: { installsFirst: true },
  },
  {
    what: 'leaves the other one where it is',
    breaks: 'one-schedule',
    wrong: {
      changes: (cluster, seen, target) =>
        RIGHT.changes(cluster, seen, target).filter(({ kind }) => kind !== 'remove'),
    },
  },
  {
    what: 'issues no certificate',
    breaks: 'its-certificate',
    wrong: {
      changes: (cluster, seen, target) =>
        RIGHT.changes(cluster, seen, target).filter(({ kind }) => kind !== 'certificate'),
    },
  },
  {
    what: 'lets no signature count',
    breaks: 'counts',
    wrong: {
      changes: (cluster, seen, target) =>
        RIGHT.changes(cluster, seen, target).filter(({ kind }) => kind !== 'signing-key'),
    },
  },
  {
    what: 'looks for a timer alone',
    breaks: 'none-left',
    wrong: {
      removals: (cluster, seen) =>
        RIGHT.removals(
          cluster,
          seen.filter(({ timer }) => timer.exists),
        ),
    },
  },
  {
    what: 'does not know where the backups are',
    breaks: 'backups-kept',
    wrong: {
      remove: async (session, lock, { changes }) =>
        await RIGHT.remove(session, lock, { changes, outlines: new Map() }),
    },
  },
  { what: 'heeds no lock', breaks: 'one-operator', wrong: { lockless: true } },
  { what: 'removes nothing', breaks: 'finishes', wrong: { remove: async () => await Promise.resolve() } },
]

test.each(BROKEN)('one that $what is caught: $breaks', async ({ breaks, wrong }) => {
  const broken = await brokenRules(lives, async (life) => await live(life, wrong), breaks, [
    ScheduleViolation,
  ])
  expect(broken).toContain(breaks)
})

test('every rule has one that breaks it', () => {
  expect(BROKEN.map(({ breaks }) => breaks).toSorted()).toEqual(Object.keys(SCHEDULE_INVARIANTS).toSorted())
})
