import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenRules } from '../lives.ts'
import { Violation } from '../violation.ts'
import { BROKEN_POWER } from './broken-power.ts'
import { BROKEN_LEADER } from './broken-leader.ts'
import { BROKEN_REPAIR } from './broken-repair.ts'
import { BROKEN_RESTORE } from './broken-restore.ts'
import { live } from './life.ts'
import { type VerbLife, careLife, verbLife } from './scenario.ts'
import { VERB_INVARIANTS, VerbViolation } from './violation.ts'

const lives = fc.sample(verbLife, { numRuns: 4000, seed: 20_261_130 })

const careLives = fc.sample(careLife, { numRuns: 2000, seed: 20_261_130 })

const BROKEN = [
  ...[...BROKEN_POWER, ...BROKEN_RESTORE].map((broken) => ({ ...broken, lives })),
  ...[...BROKEN_LEADER, ...BROKEN_REPAIR].map((broken) => ({ ...broken, lives: careLives })),
]

test.each(BROKEN)(
  'a command that $what is caught: $breaks',
  async ({ breaks, wrong, needs = [], members, lives: all }) => {
    const able = all.filter((life) => isAble(life, needs) && (members ?? life.members) === life.members)
    const broken = await brokenRules(able.slice(0, 400), async (life) => await live(life, wrong), breaks, [
      VerbViolation,
      Violation,
    ])
    expect(broken).toContain(breaks)
  },
)

/** It runs these commands, in this order. */
function isAble({ rounds }: VerbLife, needs: readonly string[]): boolean {
  let found = 0
  for (const { ask } of rounds) if (ask.verb === needs[found]) found += 1
  return found === needs.length
}

test('every rule has a command that breaks it', () => {
  const broken = new Set<string>(BROKEN.map(({ breaks }) => breaks))
  expect(Object.keys(VERB_INVARIANTS).filter((rule) => !broken.has(rule))).toEqual([])
})
