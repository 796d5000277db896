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
])('%i voters: quorum %i, tolerates %i failures', (voters, needed, failures) => {
  expect(quorum(voters)).toBe(needed)
  expect(tolerance(voters)).toBe(failures)
})

/** Every cluster of up to nine voters, in every state of health. */
const states = Array.from({ length: 9 }, (_, index) => index + 1).flatMap((voters) =>
  Array.from({ length: voters + 1 }, (_, healthy) => ({ voters, healthy })),
)

test('any two quorums share a voter', () => {
  for (const { voters } of states) expect(2 * quorum(voters)).toBeGreaterThan(voters)
})

test('what is allowed leaves a majority of the voters that are then there', () => {
  for (const { voters, healthy } of states) {
    if (healthy > 0 && mayRestart(voters, healthy)) expect(2 * (healthy - 1)).toBeGreaterThan(voters)
    if (healthy > 0 && mayRemove(voters, healthy, true)) expect(2 * (healthy - 1)).toBeGreaterThan(voters - 1)
    if (healthy < voters && mayRemove(voters, healthy, false)) expect(2 * healthy).toBeGreaterThan(voters - 1)
    if (mayAdd(voters, healthy)) expect(2 * healthy).toBeGreaterThan(voters + 1)
  }
})

test('what is refused would lose the majority', () => {
  for (const { voters, healthy } of states) {
    if (healthy > 0 && !mayRestart(voters, healthy)) expect(2 * (healthy - 1)).toBeLessThanOrEqual(voters)
    if (!mayAdd(voters, healthy)) expect(2 * healthy).toBeLessThanOrEqual(voters + 1)
  }
})

test('a lone voter is neither restarted under clients nor removed', () => {
  expect(mayRestart(1, 1)).toBe(false)
  expect(mayRemove(1, 1, true)).toBe(false)
})
