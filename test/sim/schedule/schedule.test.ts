import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { live } from './life.ts'
import type { Outcome } from './operate.ts'
import { type ScheduleLife, scheduleLife } from './scenario.ts'

const runs = Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 20)
const seed = Number(process.env['SIM_SEED'] ?? 20261130)
const told = process.env['SIM_SCHEDULE_LIFE']

test.each(told === undefined ? [] : [told])('the life that was handed in', async (life) => {
  const outcomes = await live(JSON.parse(life) as ScheduleLife, {}, (line) => console.log(line))
  expect(outcomes.length).toBeGreaterThan(0)
})

test('one node takes the backups, another, or none, whatever comes between', async () => {
  const ends: Record<Outcome, number> = { done: 0, failed: 0, died: 0, locked: 0 }
  const property = fc.asyncProperty(scheduleLife, async (life) => {
    for (const outcome of await live(life)) ends[outcome] += 1
  })
  const result = await fc.check(property, { seed, numRuns: runs })
  const why = result.failed
    ? `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\nSIM_SCHEDULE_LIFE='${JSON.stringify(result.counterexample?.[0])}'`
    : ''
  expect(why).toBe('')
  expect(ends.done).toBeGreaterThan(runs)
  for (const kind of ['failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(runs / 20)
}, 0)
