import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Scenario, anyScenario, interruptedScenario } from './scenario.ts'
import { simulate } from './simulate.ts'

const runs = 2 * Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 2)
const seed = Number(process.env['SIM_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Plays them; tells how to see the same again. @returns how they ended, and the first that broke a rule, if one did. */
async function play(name: string, scenarios: fc.Arbitrary<Scenario>, numRuns: number) {
  console.log(`${name}: ${numRuns} lives with SIM_SEED=${seed}`)
  const ends = { done: 0, blocked: 0 }
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const { rest } = await simulate(scenario)
    if (rest.kind === 'done' || rest.kind === 'blocked') ends[rest.kind] += 1
  })
  const result = await fc.check(property, { seed, numRuns })
  if (!result.failed) return { ends, broken: undefined }
  const life = JSON.stringify(result.counterexample?.[0], undefined, 1)
  return {
    ends,
    broken: `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\n${life}`,
  }
}

test('a tool that dies and machines that crash: always done in the end', async () => {
  const { ends, broken } = await play('interrupted', interruptedScenario, runs / 2)
  expect(broken).toBeUndefined()
  expect(ends).toEqual({ done: runs / 2, blocked: 0 })
}, 0)

test('everything at once: nothing is lost, and every run says why', async () => {
  const { ends, broken } = await play('anything', anyScenario, runs / 2)
  expect(broken).toBeUndefined()
  expect(ends.done).toBeGreaterThanOrEqual(Math.floor(runs / 10))
  expect(ends.blocked).toBeGreaterThanOrEqual(Math.floor(runs / 20))
}, 0)

test('a quiet life: one run sets everything up, the next finds nothing to do', async () => {
  const quiet = { edit: undefined, before: [], interruption: undefined, during: undefined, second: undefined }
  const { outcomes, rest } = await simulate({ members: 3, rounds: [quiet] })
  expect(outcomes[0]).toMatchObject({ kind: 'done' })
  expect(rest).toEqual({ kind: 'done', steps: 0 })
})
