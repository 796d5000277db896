import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoteCommand } from './quote.ts'

test('a real shell reads back any arguments unchanged', () => {
  const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed())
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const command = quoteCommand(['printf', '%s\\0', ...words])
      const output = execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' })
      expect(output.split('\0').slice(0, -1)).toEqual(words)
    }),
    { numRuns: 60 },
  )
})

test('plain words stay readable in messages', () => {
  expect(quoteCommand(['ls', '-la', '/etc/ssl', 'a b', "it's"])).toBe(`ls -la /etc/ssl 'a b' 'it'\\''s'`)
})

test('a NUL is refused rather than cut off', () => {
  expect(() => quoteCommand(['a\0b'])).toThrow(/NUL/)
})
