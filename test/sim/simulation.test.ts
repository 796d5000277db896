import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Scenario,
  anyScenario,
  changingScenario,
  downgradingScenario,
  interruptedScenario,
  upgradingScenario,
} from './scenario.ts'
import { simulate } from './simulate.ts'

/** Of each of the five kinds of lives. */
const runs = Math.ceil(Number(process.env['SIM_RUNS'] ?? 2000) / 5)
// The same lives in every test run; `npm run sim` looks for others.
const seed = Number(process.env['SIM_SEED'] ?? 20261122)

/** Plays them; tells how to see the same again. @returns how they ended, and the first that broke a rule, if one did. */
async function play(name: string, scenarios: fc.Arbitrary<Scenario>) {
  console.log(`${name}: ${runs} lives with SIM_SEED=${seed}`)
  const ends = { done: 0, blocked: 0 }
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const { rest } = await simulate(scenario)
    if (rest.kind === 'done' || rest.kind === 'blocked') ends[rest.kind] += 1
  })
  const result = await fc.check(property, { seed, numRuns: runs })
  if (!result.failed) return { ends, broken: undefined }
  const life = JSON.stringify(result.counterexample?.[0])
  return {
    ends,
    broken: `SIM_SEED=${seed}, life ${result.numRuns}: ${String(result.errorInstance)}\nSIM_LIFE='${life}'`,
  }
}

/** One life, told wave by wave. */
const told = process.env['SIM_LIFE']

test.each(told === undefined ? [] : [told])('the life that was handed in', async (life) => {
  const { rest } = await simulate(JSON.parse(life) as Scenario, { tell: (line) => console.log(line) })
  expect(rest.kind).toMatch(/^(done|blocked|failed)$/)
})

test('a tool that dies and machines that crash: always done in the end', async () => {
  const { ends, broken } = await play('interrupted', interruptedScenario)
  expect(broken).toBeUndefined()
  expect(ends).toEqual({ done: runs, blocked: 0 })
}, 0)

test('a cluster that changes while its machines fail for a while: always done in the end', async () => {
  const { broken } = await play('changing', changingScenario)
  expect(broken).toBeUndefined()
}, 0)

test('an upgrade while machines fail for a while: always done in the end', async () => {
  const { broken } = await play('upgrading', upgradingScenario)
  expect(broken).toBeUndefined()
}, 0)

test('up and down and back again while machines fail for a while: always done in the end', async () => {
  const { broken } = await play('downgrading', downgradingScenario)
  expect(broken).toBeUndefined()
}, 0)

test('everything at once: nothing is lost, and every run says why', async () => {
  const { ends, broken } = await play('anything', anyScenario)
  expect(broken).toBeUndefined()
  expect(ends.done).toBeGreaterThanOrEqual(Math.floor(runs / 10))
  expect(ends.blocked).toBeGreaterThanOrEqual(Math.floor(runs / 20))
}, 0)

test('a quiet life: one run sets everything up, the next finds nothing to do', async () => {
  const quiet = { edits: [], before: [], interruption: undefined, during: undefined, second: undefined }
  const rounds = [{ ...quiet, heals: false }]
  const { outcomes, rest } = await simulate({
    members: 3,
    established: false,
    old: false,
    version: '3.5.16',
    upgrades: false,
    dialsOut: true,
    rounds,
  })
  expect(outcomes[0]).toMatchObject({ kind: 'done' })
  expect(rest).toEqual({ kind: 'done', steps: 0 })
})

test('a newcomer that found nobody, and then its folder closed, joins when both are mended', async () => {
  const quiet = { interruption: undefined, during: undefined, second: undefined, heals: false }
  const { outcomes, rest } = await simulate({
    members: 3,
    established: true,
    old: false,
    version: '3.5.16',
    upgrades: false,
    dialsOut: true,
    rounds: [
      { ...quiet, edits: [{ kind: 'shrink', at: 0 }], before: [] },
      { ...quiet, edits: [{ kind: 'shrink', at: 0 }], before: [] },
      // Its only peer does not answer: systemd tries again and again.
      { ...quiet, edits: [{ kind: 'as-it-was', at: 0 }], before: [{ kind: 'mute', host: 2 }] },
      { ...quiet, edits: [], before: [{ kind: 'old-owners', host: 0 }] },
    ],
  })
  expect(outcomes.slice(1, -1).map(({ kind }) => kind)).toEqual(['done', 'done', 'failed', 'failed'])
  expect(rest).toMatchObject({ kind: 'done', steps: 0 })
})
