import { expect, test } from 'vitest'
import { mayAdd, mayRemove, mayRestart, quorum, tolerance } from './quorum.ts'

test.each([
  [1, 1, 0],
  [2, 2, 0],
  [3, 2, 1],
  [4, 3, 1],
  [5, 3, 2],
  [6, 4, 2],
  [7, 4, 3],
])('%i voting members: quorum %i, tolerates %i failures', (voters, needed, failures) => {
  expect(quorum(voters)).toBe(needed)
  expect(tolerance(voters)).toBe(failures)
})

/** Every cluster of up to nine voting members, in every state of health. */
const states = Array.from({ length: 9 }, (_, index) => index + 1).flatMap((voters) =>
  Array.from({ length: voters + 1 }, (_, healthy) => ({ voters, healthy })),
)

test('any two quorums share a voting member', () => {
  expect(states.filter(({ voters }) => 2 * quorum(voters) <= voters)).toEqual([])
})

/** More than half of the voting members after the change are healthy. */
const majority = (healthy: number, voters: number) => 2 * healthy > voters

test('a restart is allowed exactly if a majority stays', () => {
  const wrong = states.filter(
    ({ voters, healthy }) => healthy > 0 && mayRestart(voters, healthy) !== majority(healthy - 1, voters),
  )
  expect(wrong).toEqual([])
})

test('an addition is allowed exactly if the new member may be down', () => {
  const wrong = states.filter(
    ({ voters, healthy }) => mayAdd(voters, healthy) !== majority(healthy, voters + 1),
  )
  expect(wrong).toEqual([])
})

test('a removal is allowed exactly if the others have a majority among themselves', () => {
  const several = states.filter(({ voters }) => voters > 1)
  const healthyOne = several.filter(
    ({ voters, healthy }) =>
      healthy > 0 && mayRemove(voters, healthy, true) !== majority(healthy - 1, voters - 1),
  )
  const deadOne = several.filter(
    ({ voters, healthy }) =>
      healthy < voters && mayRemove(voters, healthy, false) !== majority(healthy, voters - 1),
  )
  expect([...healthyOne, ...deadOne]).toEqual([])
})

test('a single voting member is neither restarted under clients nor removed', () => {
  expect(mayRestart(1, 1)).toBe(false)
  expect(mayRemove(1, 1, true)).toBe(false)
})
