import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BROKEN } from './broken.ts'
import { anyScenario, changingScenario, downgradingScenario, interruptedScenario } from './scenario.ts'
import { type Simulation, simulate } from './simulate.ts'
import { INVARIANTS, type Invariant, OF_KUBERNETES, Violation } from './violation.ts'

/** Fixed lives, so that a detected fault stays detected; of all kinds in turn, mostly the eventful ones. */
const kinds = [anyScenario, changingScenario, anyScenario, interruptedScenario, anyScenario]
const samples = [
  ...kinds.map((kind, index) => fc.sample(kind, { numRuns: 300, seed: 20_260_101 + index })),
  // Faults that only these reveal are found soon.
  fc.sample(downgradingScenario, { numRuns: 30, seed: 20_260_101 }),
]
const lives = samples.flatMap((sample) => sample.map((life, index) => ({ life, index })))
lives.sort((a, b) => a.index - b.index)

const firstApplies = fc
  .sample(interruptedScenario, { numRuns: 300, seed: 2 })
  .map((life, index) => ({ life, index }))

/** Number of lives after which it was detected; 0: never. */
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
  // The planner is not responsible for the lock, and these lives have no Kubernetes.
  const apart: readonly string[] = ['one-operator', ...OF_KUBERNETES]
  const others = Object.keys(INVARIANTS).filter((name) => !apart.includes(name))
  expect([...new Set(BROKEN.map(({ breaks }) => breaks))].sort()).toEqual(others.sort())
})
