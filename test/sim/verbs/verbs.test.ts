import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { live } from './life.ts'
import { type VerbLife, careLife, verbLife } from './scenario.ts'
import type { Outcome } from './run.ts'

const runs = Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 20)
const seed = Number(process.env['SIM_SEED'] ?? 20261130)
const told = process.env['SIM_VERB_LIFE']

test.each(told === undefined ? [] : [told])('the life that was handed in', async (life) => {
  const outcomes = await live(JSON.parse(life) as VerbLife, {}, (line) => console.log(line))
  expect(outcomes.length).toBeGreaterThan(0)
})

const KINDS = [
  {
    what: 'members are stopped, started, restarted, reset, restored and get certificates while machines fail: nothing is harmed',
    lives: verbLife,
    // Of a hundred lives, how often a run at least is refused, fails, or is killed.
    least: 5,
  },
  {
    what: 'data is damaged and repaired, and leadership moved, while machines fail: nothing is harmed',
    lives: careLife,
    // Who moves leadership has done so in one piece.
    least: 2,
  },
]

test.each(KINDS)(
  '$what',
  async ({ lives, least }) => {
    const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
    const property = fc.asyncProperty(lives, async (life) => {
      for (const { kind } of await live(life)) ends[kind] += 1
    })
    const result = await fc.check(property, { seed, numRuns: runs })
    const why = result.failed
      ? `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\nSIM_VERB_LIFE='${JSON.stringify(result.counterexample?.[0])}'`
      : ''
    expect(why).toBe('')
    expect(ends.done).toBeGreaterThan(runs)
    for (const kind of ['blocked', 'failed', 'died'] as const)
      expect(ends[kind]).toBeGreaterThan((runs * least) / 100)
  },
  0,
)
