/** Plays many lives of one kind; each kind has a test file of its own, so that they share the processors. */
import * as fc from 'fast-check'
import type { Scenario } from './scenario.ts'
import { simulate } from './simulate.ts'

/** Of each of the five kinds of lives. */
export const RUNS = Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 5)
// The same lives in every test run; `npm run sim` looks for others.
const seed = Number(process.env['SIM_SEED'] ?? 20261122)

/** Plays them; tells how to see the same again. @returns how they ended, and the first that broke a rule, if one did. */
export async function play(name: string, scenarios: fc.Arbitrary<Scenario>) {
  console.log(`${name}: ${RUNS} lives with SIM_SEED=${seed}`)
  const ends = { done: 0, blocked: 0 }
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const { rest } = await simulate(scenario)
    if (rest.kind === 'done' || rest.kind === 'blocked') ends[rest.kind] += 1
  })
  const result = await fc.check(property, { seed, numRuns: RUNS })
  if (!result.failed) return { ends, broken: undefined }
  const life = JSON.stringify(result.counterexample?.[0])
  return {
    ends,
    broken: `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\nSIM_LIFE='${life}'`,
  }
}
