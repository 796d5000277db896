import { expect, test } from 'vitest'
import { firstBroken, runsOf, testHandedIn } from '../lives.ts'
import { live } from './life.ts'
import type { Outcome } from './operate.ts'
import { type ScheduleLife, scheduleLife } from './scenario.ts'

const runs = runsOf(20)
const variable = 'SIM_SCHEDULE_LIFE'

testHandedIn(variable, async (life: ScheduleLife, tell) => await live(life, {}, tell))

test('one node takes the backups, another, or none, whatever comes between', async () => {
  const ends: Record<Outcome, number> = { done: 0, failed: 0, died: 0, locked: 0 }
  const broken = await firstBroken({ lives: scheduleLife, runs, variable }, async (life) => {
    for (const outcome of await live(life)) ends[outcome] += 1
  })
  expect(broken).toBeUndefined()
  expect(ends.done).toBeGreaterThan(runs)
  for (const kind of ['failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(runs / 20)
}, 0)
