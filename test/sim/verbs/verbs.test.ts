import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { live } from './life.ts'
import { type VerbLife, verbLife } from './scenario.ts'
import type { Outcome } from './run.ts'

const runs = Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 20)
const seed = Number(process.env['SIM_SEED'] ?? 20261130)
const told = process.env['SIM_VERB_LIFE']

test.each(told === undefined ? [] : [told])('the life that was handed in', async (life) => {
  const outcomes = await live(JSON.parse(life) as VerbLife, {}, (line) => console.log(line))
  expect(outcomes.length).toBeGreaterThan(0)
})

test('members are stopped, started, restarted, reset, restored and get certificates while machines fail: nothing is harmed', async () => {
  const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
  const property = fc.asyncProperty(verbLife, async (life) => {
    for (const { kind } of await live(life)) ends[kind] += 1
  })
  const result = await fc.check(property, { seed, numRuns: runs })
  const why = result.failed
    ? `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\nSIM_VERB_LIFE='${JSON.stringify(result.counterexample?.[0])}'`
    : ''
  expect(why).toBe('')
  expect(ends.done).toBeGreaterThan(runs)
  for (const kind of ['blocked', 'failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(runs / 20)
}, 0)
