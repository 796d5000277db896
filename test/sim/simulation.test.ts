import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Scenario, anyScenario, interruptedScenario } from './scenario.ts'
import { simulate } from './simulate.ts'

const runs = Number(process.env['SIM_RUNS'] ?? 2000)
const seed = Number(process.env['SIM_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Prints how to see the same again, whatever comes of it. */
function check(name: string, scenarios: fc.Arbitrary<Scenario>, numRuns: number): void {
  console.log(`${name}: ${numRuns} lives with SIM_SEED=${seed}`)
  const ends: Record<string, number> = {}
  const result = fc.check(
    fc.property(scenarios, (scenario) => {
      const { rest } = simulate(scenario)
      ends[rest.kind] = (ends[rest.kind] ?? 0) + 1
    }),
    { seed, numRuns },
  )
  console.log(`${name}: ${JSON.stringify(ends)}`)
  if (!result.failed) return
  const life = JSON.stringify(result.counterexample?.[0], undefined, 1)
  throw new Error(`after ${result.numRuns} lives with SIM_SEED=${seed}\n${result.errorInstance}\n${life}`)
}

test('a tool that dies and machines that crash: always done in the end', () => {
  check('interrupted', interruptedScenario, runs / 2)
}, 0)

test('everything at once: nothing is lost, and every run says why', () => {
  check('anything', anyScenario, runs / 2)
}, 0)

test('a quiet life: one run sets everything up, the next finds nothing to do', () => {
  const quiet = { edit: undefined, before: [], interruption: undefined, during: undefined, second: undefined }
  const { outcomes, rest } = simulate({ members: 3, rounds: [quiet] })
  expect(outcomes[0]).toMatchObject({ kind: 'done' })
  expect(rest).toEqual({ kind: 'done', steps: 0 })
})
