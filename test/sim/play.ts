/** Runs many lives of one kind; each kind has its own test file, so that they share the processors. */
import type * as fc from 'fast-check'
import { firstBroken, runsOf, seedOr } from './lives.ts'
import type { Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'

/** Number of lives for each of the five kinds. */
export const RUNS = runsOf(5)
// The same lives in every test run; `npm run sim` tries others.
const seed = seedOr(20_261_122)

/** Runs them, and reports how to reproduce them. @returns how they ended, and the first that broke a rule, if any */
export async function play(name: string, lives: fc.Arbitrary<Scenario>) {
  console.log(`${name}: ${RUNS} lives with SIM_SEED=${seed}`)
  const ends = { done: 0, blocked: 0, failed: 0 }
  const broken = await firstBroken({ lives, runs: RUNS, seed, variable: 'SIM_LIFE' }, async (scenario) => {
    const { rest } = await simulate(scenario)
    // No fault interrupts the last run, and no other run holds the lock.
    if (rest.kind === 'died' || rest.kind === 'locked')
      throw new TypeError(`the last run ends as ${rest.kind}`)
    ends[rest.kind] += 1
  })
  return { ends, broken }
}
