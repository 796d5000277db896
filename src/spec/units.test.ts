import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { counted, formatBytes, formatDuration, plural } from './units.ts'

const [KIB, MIB, GIB] = [1024, 1024 ** 2, 1024 ** 3]

test.each([
  [0, '0 MiB'],
  [1, '1 KiB'],
  [20 * KIB, '20 KiB'],
  [20 * KIB + 1, '21 KiB'],
  [960 * KIB, '960 KiB'],
  [MIB - 1, '1 MiB'],
  [MIB, '1 MiB'],
  [1.25 * MIB, '1.25 MiB'],
  [16 * MIB, '16 MiB'],
  [20.5 * MIB, '20.5 MiB'],
  [960 * MIB, '960 MiB'],
  [GIB - 1, '1 GiB'],
  [GIB, '1 GiB'],
  [1.5 * GIB, '1.5 GiB'],
  [1.25 * GIB, '1.25 GiB'],
  [13.04 * GIB, '13 GiB'],
  [2048 * GIB, '2 TiB'],
  [Infinity, 'no limit'],
])('%d bytes: %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('durations', () => {
  expect([0.314, 12.44, 3200, 119_000, 300_000, 7_200_000, 259_200_000].map(formatDuration)).toEqual([
    '0.31 ms',
    '12.4 ms',
    '3.2 s',
    '119 s',
    '5 min',
    '2 h',
    '3 days',
  ])
})

test('counts', () => {
  expect([0, 1, 2].map((number) => counted(number, 'step'))).toEqual(['0 steps', '1 step', '2 steps'])
  expect([1n, 3n].map((number) => counted(number, 'entry', 'entries'))).toEqual(['1 entry', '3 entries'])
  expect([1, 2].map((number) => plural(number, 'is', 'are'))).toEqual(['is', 'are'])
})

/** Nouns that messages count, and what may precede them. */
const NOUNS =
  'alarm|attempt|backup|byte|certificate|change|character|check|client|copie|day|directorie|entrie|error|failure|file|host|hour|key|lease|line|machine|member|minute|node|problem|read|recipient|request|revision|sample|second|signer|step|time|token|version|voter|warning|week|write'
const BEFORE = '(?: (?:etcd|healthy|host|more|new|other|public|side|voting))?'
const COUNT = new RegExp(`\\$\\{((?:[^{}]|\\{[^{}]*\\})*)\\}${BEFORE} (?:${NOUNS})s\\b`, 'g')

/** What is never a count: a constant, a color, a command. */
const NO_COUNT = [/^[A-Z_]+$/, /^(?:colors\.|cyan\()/, /^newest$/]

/** Every message with a number before a plural that is not `counted`: it would print "1 steps" one day. */
function uncounted(text: string): readonly string[] {
  return [...text.matchAll(COUNT)]
    .filter(([, expression = '']) => NO_COUNT.every((exempt) => !exempt.test(expression)))
    .map(([found]) => found)
}

test('no message counts by itself, or formats a size by itself', () => {
  const folder = path.join(import.meta.dirname, '..')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== path.join('spec', 'units.ts'),
  )
  expect(sources.length).toBeGreaterThan(300)
  const wrong = sources.flatMap((name) => {
    const text = readFileSync(path.join(folder, name), 'utf8')
    const code = text.replaceAll(/^\s*(?:\/\*\*|\*|\/\/).*$/gm, '')
    const sizes = [...code.matchAll(/\$\{[^}]*\} ?[KMG]iB\b/g)].map(([found]) => found)
    return [...uncounted(code), ...sizes].map((found) => `${name}: ${found}`)
  })
  expect(wrong).toEqual([])
})

test('the guard sees what it is for', () => {
  expect(uncounted('`${steps.length} steps on ${count} other hosts, ${MOST} files`')).toEqual([
    '${steps.length} steps',
    '${count} other hosts',
  ])
})
