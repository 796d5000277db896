import { execFileSync, spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { forAnyLoginShell, quoteCommand } from './quote.ts'

const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed())
const words = fc.array(word, { minLength: 1, maxLength: 5 })

function readBack(shell: string, command: string): string[] {
  return execFileSync(shell, ['-c', command], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

test('a real shell reads back any arguments unchanged', () => {
  const property = fc.property(words, (sent) => {
    expect(readBack('/bin/sh', quoteCommand(['printf', '%s\\0', ...sent]))).toEqual(sent)
  })
  fc.assert(property, { numRuns: 60 })
})

const SHELLS = ['sh', 'bash', 'dash', 'fish', 'tcsh', 'zsh']
const installed = SHELLS.filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0)

test.for(installed)('any arguments get through a login shell that is %s', (shell) => {
  const awkward = [
    "it's",
    'a\\b',
    'a\\\\b',
    '!!',
    'x\ny',
    '$HOME `id`',
    '',
    'ünï',
    '%b%s',
    '\\0101',
    '\t*~',
    'end\n',
  ]
  const property = fc.property(words, (sent) => {
    expect(readBack(shell, forAnyLoginShell(`exec ${quoteCommand(['printf', '%s\\0', ...sent])}`))).toEqual(
      sent,
    )
  })
  fc.assert(property, { numRuns: 25, examples: [[awkward]] })
})

test('plain words stay readable in messages', () => {
  expect(quoteCommand(['ls', '-la', '/etc/ssl', 'a b', "it's"])).toBe(`ls -la /etc/ssl 'a b' 'it'\\''s'`)
})

test('a NUL is refused rather than cut off', () => {
  expect(() => quoteCommand(['a\0b'])).toThrow(/NUL/)
})
