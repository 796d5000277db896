/** The bundle's `Headers` behave like those of Node.js. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Headers as Ours } from './headers.ts'

const NAMES = ['a', 'A', 'grpc-status', 'Grpc-Status', 'x_1', 'b c', '', 'ä', 'content-type']
const VALUES = ['', '0', ' two words\t', 'a, b', 'x\ny', '\n', 'ü', '\u0100', 'y\0', '€']

const name = fc.constantFrom(...NAMES)
const value = fc.constantFrom(...VALUES)
const change = fc.oneof(
  fc.tuple(fc.constant('append' as const), name, value),
  fc.tuple(fc.constant('set' as const), name, value),
  fc.tuple(fc.constant('delete' as const), name, value),
)

type Change = readonly ['append' | 'set' | 'delete', string, string]

/** The content after each change, or that it was refused. */
function after(headers: Headers | Ours, changes: readonly Change[]): readonly unknown[] {
  return changes.map(([kind, key, text]) => {
    try {
      headers[kind](key, text)
      const visited: string[] = []
      headers.forEach((one, of) => visited.push(`${of}=${one}`))
      return [headers.get(key), headers.has(key.toUpperCase()), [...headers], visited]
    } catch (error) {
      return error instanceof TypeError
    }
  })
}

test('whatever is set, appended and deleted, the same is there as in those of Node.js', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      expect(after(new Ours(), changes)).toEqual(after(new Headers(), changes))
    }),
  )
})

test('made of a record, of pairs, or of others', () => {
  const record = { 'Content-Type': 'application/grpc', te: 'trailers' }
  for (const of of [Ours, Headers]) {
    const first = new of(record)
    expect([...first]).toEqual([
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ])
    expect([...new of([...first.entries(), ['te', 'x']])]).toEqual([
      ['content-type', 'application/grpc'],
      ['te', 'trailers, x'],
    ])
  }
  expect([...new Ours(new Ours(record))]).toEqual([...new Headers(record)])
  expect([...new Ours()]).toEqual([])
})
