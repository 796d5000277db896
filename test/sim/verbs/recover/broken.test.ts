import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenRules } from '../../lives.ts'
import { Violation } from '../../violation.ts'
import { VerbViolation } from '../violation.ts'
import { BROKEN_RECOVERIES } from './broken.ts'
import { live } from './life.ts'
import { recoveryLife } from './scenario.ts'
import { RECOVERY_INVARIANTS, RecoveryViolation } from './violation.ts'

const lives = fc.sample(recoveryLife, { numRuns: 200, seed: 20_261_130 })

test.each(BROKEN_RECOVERIES)(
  'a recovery that $what is caught: $breaks',
  async ({ breaks, wrong, lives: own }) => {
    const broken = await brokenRules(own ?? lives, async (life) => await live(life, wrong), breaks, [
      RecoveryViolation,
      VerbViolation,
      Violation,
    ])
    expect(broken).toContain(breaks)
  },
)

test('every rule has a recovery that breaks it', () => {
  const broken = new Set<string>(BROKEN_RECOVERIES.map(({ breaks }) => breaks))
  expect(Object.keys(RECOVERY_INVARIANTS).filter((rule) => !broken.has(rule))).toEqual([])
})
