/** Whether an API's content is what is wanted, whatever else it contains. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { contains } from './contains.ts'

test('defaults of the API, and empty fields that it omits, are not differences', () => {
  expect(contains({ a: 1, b: 2 }, { a: 1 })).toBe(true)
  expect(contains({}, { a: '', b: [], c: {}, d: false, e: 0, f: { g: [''] } })).toBe(true)
  expect(contains(undefined, {})).toBe(true)
})

test('another value, another length of a list, a field that is missing: each is one', () => {
  expect(contains({ a: 1 }, { a: 2 })).toBe(false)
  expect(contains({ a: '1' }, { a: 1 })).toBe(false)
  expect(contains({ a: [1, 2] }, { a: [1] })).toBe(false)
  expect(contains({ a: { 0: 1, length: 1 } }, { a: [1] })).toBe(false)
  expect(contains('text', { length: 4 })).toBe(false)
  expect(contains(null, { a: 1 })).toBe(false)
})

test('what every object inherits is not a field of it', () => {
  expect(contains({}, { constructor: Object })).toBe(false)
  expect(contains(JSON.parse('{"__proto__": {"a": 1}}'), { a: 1 })).toBe(false)
})

test('by chance: anything contains itself, and nonsense is answered', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(contains(one, one)).toBe(true)
      expect(typeof contains(one, other)).toBe('boolean')
    }),
  )
})
