import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { crc32c, crc32cBefore } from './crc32c.ts'
import { movedHash } from './moved-hash.ts'

/** From real keyspaces: 3.5.16, 3.5.35, 3.6.16 and 3.7.3 returned the same values. */
test.each([
  { what: 'a write', hash: 2322194583, revision: 27n, moved: 1_000_000_026n, expected: 3234236997 },
  { what: 'a deletion', hash: 1603232815, revision: 26n, moved: 1_000_000_025n, expected: 2661098068 },
])('the hash of a store whose last change was $what, moved on', ({ hash, revision, moved, expected }) => {
  expect(movedHash(hash, { revision, key: 'quorate-x', value: 'x' }, moved)).toBe(expected)
  expect(movedHash(hash + 1, { revision, key: 'quorate-x', value: 'x' }, moved)).not.toBe(expected)
})

test('a checksum can be computed back', () => {
  const [first, second] = [randomBytes(40), randomBytes(33)]
  expect(crc32cBefore(second, crc32c(second, crc32c(first)))).toBe(crc32c(first))
})
