import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Outcome } from './operate.ts'
import { live, spaceLife } from './life.ts'

const runs = Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 10)
const seed = Number(process.env['SIM_SEED'] ?? 20261130)

test('clusters that run out of space while machines fail: nothing is harmed, and room is made in the end', async () => {
  const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
  const property = fc.asyncProperty(spaceLife, async (life) => {
    for (const { kind } of await live(life)) ends[kind] += 1
  })
  const result = await fc.check(property, { seed, numRuns: runs })
  const why = result.failed
    ? `SIM_SEED=${seed}: ${String(result.errorInstance)}\n${JSON.stringify(result.counterexample?.[0])}`
    : ''
  expect(why).toBe('')
  expect(ends.done).toBeGreaterThan(runs)
  for (const kind of ['blocked', 'failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(runs / 20)
}, 0)
