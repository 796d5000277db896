import { expect, test } from 'vitest'
import { type Follower, healthiestFollower, isHealthyVoter } from './voters.ts'

const read = { answered: true, revision: 1n } as const
const silent = { answered: false, reason: { kind: 'unavailable', message: 'no', hint: undefined } } as const

function follower(lag: number | undefined, ...alarms: string[]): readonly Follower[] {
  return [{ name: 'm2', lag, alarms }]
}

test('a healthy voting member has a vote, and answered a linearizable read', () => {
  expect(isHealthyVoter({ learner: false, read })).toBe(true)
  expect(isHealthyVoter({ learner: true, read })).toBe(false)
  expect(isHealthyVoter({ learner: false, read: silent })).toBe(false)
})

test('leadership goes to no member that is corrupt, far behind, or of which that is unknown', () => {
  expect(healthiestFollower(follower(1_000))).toBe('m2')
  expect(healthiestFollower(follower(1_001))).toBeUndefined()
  expect(healthiestFollower(follower(undefined))).toBeUndefined()
  expect(healthiestFollower(follower(0, 'CORRUPT'))).toBeUndefined()
  expect(healthiestFollower([])).toBeUndefined()
})

test('rather one that stays, then one without an alarm, then the one least behind, then the first', () => {
  const alarms: readonly string[] = []
  const leaving = { name: 'leaving', lag: 0, alarms, leaving: true }
  const full = { name: 'full', lag: 0, alarms: ['NOSPACE'] }
  const behind = { name: 'behind', lag: 9, alarms }
  const near = { name: 'near', lag: 1, alarms }
  const equal = { name: 'equal', lag: 1, alarms }
  expect(healthiestFollower([leaving, full, behind, near, equal])).toBe('near')
  expect(healthiestFollower([leaving, full, behind])).toBe('behind')
  expect(healthiestFollower([leaving, full])).toBe('full')
  expect(healthiestFollower([leaving])).toBe('leaving')
})
