import { expect, test } from 'vitest'
import { downMember, memberStanding } from '../../tiers/etcd/facts/standing.fixture.ts'
import type { Evidence } from './decide.ts'
import { mayHideDamage } from './evidence.ts'

const WHOLE = { dataPresent: true, walPresent: true }
const UNFINISHED: readonly Evidence[] = [{ kind: 'unfinished', text: 'a learner' }]
const LOST: readonly Evidence[] = [{ kind: 'lost', text: 'no data' }]
const LEARNER = { healthy: false, voter: false, listed: true }

test('journal and log are read of a voting member that answers no read, and of a learner that reports no status', () => {
  expect(mayHideDamage(WHOLE, memberStanding(1), undefined)).toBe(false)
  expect(mayHideDamage(WHOLE, downMember(1), undefined)).toBe(true)
  expect(mayHideDamage(WHOLE, undefined, undefined)).toBe(true)
  expect(mayHideDamage(WHOLE, downMember(1, LEARNER), UNFINISHED)).toBe(true)
  // A learner answers no reads; it reports its status.
  expect(mayHideDamage(WHOLE, memberStanding(1, LEARNER), UNFINISHED)).toBe(false)
})

test('where no data is left, or no member any more, nothing is read', () => {
  const learner = downMember(1, LEARNER)
  expect(mayHideDamage({ ...WHOLE, walPresent: false }, learner, UNFINISHED)).toBe(false)
  expect(mayHideDamage({ ...WHOLE, dataPresent: false }, learner, UNFINISHED)).toBe(false)
  expect(mayHideDamage(WHOLE, downMember(1), LOST)).toBe(false)
  expect(mayHideDamage(WHOLE, downMember(1, { ...LEARNER, listed: false }), UNFINISHED)).toBe(false)
})
