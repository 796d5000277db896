import { expect, test } from 'vitest'
import { firstBroken, runsOf, testHandedIn } from '../lives.ts'
import { type Outcome } from './operate.ts'
import { type SpaceLife, live, spaceLife } from './life.ts'

const runs = runsOf(10)
const variable = 'SIM_SPACE_LIFE'

testHandedIn(variable, async (life: SpaceLife) => await live(life))

test('clusters that run out of space while machines fail: nothing is harmed, and room is made in the end', async () => {
  const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
  const broken = await firstBroken({ lives: spaceLife, runs, variable }, async (life) => {
    for (const { kind } of await live(life)) ends[kind] += 1
  })
  expect(broken).toBeUndefined()
  expect(ends.done).toBeGreaterThan(runs)
  for (const kind of ['blocked', 'failed', 'died'] as const) expect(ends[kind]).toBeGreaterThan(runs / 20)
}, 0)
