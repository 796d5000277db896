/** The safety of a cluster never depends on a step's texts: with other texts each time, lives end the same. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ApplyIntent } from '../../src/tiers/etcd/plan/intent.ts'
import { next } from '../../src/tiers/etcd/plan/next.ts'
import type { Observed } from '../../src/tiers/etcd/facts/observed.ts'
import type { Next } from '../../src/tiers/etcd/steps/steps.ts'
import { anyScenario, changingScenario, interruptedScenario, upgradingScenario } from './scenario.ts'
import { simulate } from './simulate.ts'

const LIVES = 12

/** The planner with texts that are never the same twice, or always the same for everything. */
function scrambled(word: () => string) {
  return (intent: ApplyIntent, observed: Observed): Next => {
    const answer = next(intent, observed)
    if (answer.kind !== 'steps') return answer
    return { ...answer, steps: answer.steps.map((step) => ({ ...step, what: word(), why: word() })) }
  }
}

let turn = 0
test.each([
  ['never the same twice', () => `word ${(turn += 1)}`],
  ['the same for everything', () => 'work'],
])(
  'every text of a step is %s',
  async (_, word) => {
    for (const scenarios of [interruptedScenario, changingScenario, upgradingScenario, anyScenario]) {
      for (const scenario of fc.sample(scenarios, { seed: 20261130, numRuns: LIVES })) {
        const plain = await simulate(scenario)
        const other = await simulate(scenario, { planner: scrambled(word) })
        const ends = ({ outcomes }: typeof plain) => outcomes.map(({ kind }) => kind)
        expect(ends(other)).toEqual(ends(plain))
      }
    }
  },
  0,
)
