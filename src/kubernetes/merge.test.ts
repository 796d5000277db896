import { expect, test } from 'vitest'
import { merged } from './merge.ts'

test('later layers count, field by field', () => {
  expect(merged({ a: { b: 1, c: 2 }, list: [1, 2] }, { a: { b: 3 }, list: [4] }, { d: null })).toEqual({
    a: { b: 3, c: 2 },
    list: [4],
    d: null,
  })
  expect(merged({ a: { b: 1 } }, { a: 'text' }, { a: { c: 1 } })).toEqual({ a: { c: 1 } })
})

test('names that objects have by themselves are names like any other', () => {
  const all = merged(
    JSON.parse('{"__proto__":{"a":1},"constructor":{"b":2}}'),
    JSON.parse('{"__proto__":{"c":3}}'),
  )
  expect(JSON.stringify(all)).toBe('{"__proto__":{"a":1,"c":3},"constructor":{"b":2}}')
  expect({}).not.toHaveProperty('c')
})
