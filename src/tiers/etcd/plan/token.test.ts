import { expect, test } from 'vitest'
import { isTokenOf } from './token.ts'

test.each([
  ['a-0123abcd', true],
  ['a-b-0123abcd', false],
  ['a-bad-0123abcd', false],
  ['ab-0123abcd', false],
  ['a-', false],
  ['etcd-cluster', false],
  [undefined, false],
])("is %s a token of the cluster 'a'? %s", (token, expected) => {
  expect(isTokenOf('a', token)).toBe(expected)
})
