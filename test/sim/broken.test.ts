import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BROKEN } from './broken.ts'
import { anyScenario, changingScenario, downgradingScenario, interruptedScenario } from './scenario.ts'
import { type Simulation, simulate } from './simulate.ts'
import { INVARIANTS, type Invariant, OF_KUBERNETES, Violation } from './violation.ts'

/** Fixed lives, so that what is caught today is caught tomorrow; of all kinds in turn, most of those where most happens. */
const kinds = [anyScenario, changingScenario, anyScenario, interruptedScenario, anyScenario]
const samples = [
  ...kinds.map((kind, index) => fc.sample(kind, { numRuns: 300, seed: 20_260_101 + index })),
  // What only these break is broken soon.
  fc.sample(downgradingScenario, { numRuns: 30, seed: 20_260_101 }),
]
const lives = samples.flatMap((sample) => sample.map((life, index) => ({ life, index })))
lives.sort((a, b) => a.index - b.index)

const firstApplies = fc
  .sample(interruptedScenario, { numRuns: 300, seed: 2 })
  .map((life, index) => ({ life, index }))

/** After how many lives it was caught; 0: never. */
async function caughtAfter(simulation: Simulation, invariant: Invariant, among = lives): Promise<number> {
  for (const [index, { life }] of among.entries()) {
    try {
      await simulate(life, simulation)
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      if (error.invariant === invariant) return index + 1
    }
  }
  return 0
}

test.each(BROKEN)('a planner that $what is caught: $breaks', async ({ planner, breaks, atFirst }) => {
  expect(await caughtAfter({ planner }, breaks, atFirst ? firstApplies : lives)).toBeGreaterThan(0)
})

test('a second operator who does not heed the lock is caught', async () => {
  expect(await caughtAfter({ lockless: true }, 'one-operator')).toBeGreaterThan(0)
})

test('every invariant of the planner has one that breaks it', () => {
  // The lock is not the planner's to keep, and there is no Kubernetes in these lives.
  const apart: readonly string[] = ['one-operator', ...OF_KUBERNETES]
  const others = Object.keys(INVARIANTS).filter((name) => !apart.includes(name))
  expect([...new Set(BROKEN.map(({ breaks }) => breaks))].sort()).toEqual(others.sort())
})
