import { expect, test } from 'vitest'
import { firstBroken, runsOf, testHandedIn } from '../lives.ts'
import { live } from './life.ts'
import { type VerbLife, careLife, verbLife } from './scenario.ts'
import type { Outcome } from './run.ts'

const runs = runsOf(20)
const variable = 'SIM_VERB_LIFE'

testHandedIn(variable, async (life: VerbLife, tell) => await live(life, {}, tell))

const KINDS = [
  {
    what: 'members are stopped, started, restarted, reset, restored and get certificates while machines fail: nothing is harmed',
    lives: verbLife,
    // The minimum number of refused, failed or killed runs in a hundred lives.
    least: 5,
  },
  {
    what: 'data is damaged and repaired, and leadership moved, while machines fail: nothing is harmed',
    lives: careLife,
    // A leadership transfer is a single piece.
    least: 2,
  },
]

test.each(KINDS)(
  '$what',
  async ({ lives, least }) => {
    const ends: Record<Outcome['kind'], number> = { done: 0, blocked: 0, failed: 0, died: 0, locked: 0 }
    const broken = await firstBroken({ lives, runs, variable }, async (life) => {
      for (const { kind } of await live(life)) ends[kind] += 1
    })
    expect(broken).toBeUndefined()
    expect(ends.done).toBeGreaterThan(runs)
    for (const kind of ['blocked', 'failed', 'died'] as const)
      expect(ends[kind]).toBeGreaterThan((runs * least) / 100)
  },
  0,
)
