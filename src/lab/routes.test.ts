import { expect, test } from 'vitest'
import { overlap } from './routes.ts'

test.each([
  ['198.18.7.0/24', '198.18.7.0/24', true],
  ['198.18.7.0/24', '198.18.0.0/15', true],
  ['10.0.0.0/8', '10.4.0.0/24', true],
  ['198.18.7.9', '198.18.7.0/24', true],
  ['198.18.7.0/24', '198.18.8.0/24', false],
  ['2001:db8:7::/64', '2001:db8::/32', true],
  ['2001:db8:7::5', '2001:db8:8::/64', false],
  ['198.18.7.0/24', '2001:db8::/32', false],
])('%s and %s share addresses: %s', (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected)
  expect(overlap(other, one)).toBe(expected)
})
