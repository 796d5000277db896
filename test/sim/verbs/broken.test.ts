import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Violation } from '../violation.ts'
import { BROKEN_POWER } from './broken-power.ts'
import { live, verbLife } from './life.ts'
import { VERB_INVARIANTS, VerbViolation } from './violation.ts'

const lives = fc.sample(verbLife, { numRuns: 400, seed: 20_261_130 })

test.each(BROKEN_POWER)('a verb that $what is caught: $breaks', async ({ breaks, wrong }) => {
  const caught = async (): Promise<boolean> => {
    for (const life of lives) {
      try {
        await live(life, wrong)
      } catch (error) {
        if (!(error instanceof VerbViolation) && !(error instanceof Violation)) throw error
        if (error.invariant === breaks) return true
      }
    }
    return false
  }
  expect(await caught()).toBe(true)
})

test('every rule has a verb that breaks it', () => {
  const broken = new Set<string>(BROKEN_POWER.map(({ breaks }) => breaks))
  expect(Object.keys(VERB_INVARIANTS).filter((rule) => !broken.has(rule))).toEqual([])
})
