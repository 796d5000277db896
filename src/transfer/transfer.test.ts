/** An export is read as it was written, and any change in between is detected. */
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ErrorTopic } from '../error-ids.ts'
import { batchesOf } from './batches.ts'
import { type ExportLine, formatLine } from './format.ts'
import { readExport } from './read.ts'

const HEADER: ExportLine = {
  kind: 'header',
  header: {
    format: 'quorate-export',
    version: 1,
    cluster: 'prod',
    clusterId: 'cdf818194e3a8c32',
    revision: '9223372036854775807',
    time: '2026-01-01T00:00:00.000Z',
    range: { all: true },
  },
}

const LEASE = { id: -2n, grantedSeconds: 60n, secondsLeft: 59n }

function entry(name: Uint8Array, value: Uint8Array, lease = 0n): ExportLine {
  const revisions = { createRevision: 2n, modRevision: 9_223_372_036_854_775_807n, version: 1n }
  return {
    kind: 'key',
    entry: { key: new Uint8Array(name), value: new Uint8Array(value), lease, ...revisions },
  }
}

function whole(lines: readonly ExportLine[]): string {
  const text = [HEADER, ...lines].map(formatLine).join('')
  const count = (kind: string) => lines.filter((line) => line.kind === kind).length
  const sha256 = createHash('sha256').update(text).digest('hex')
  return text + formatLine({ kind: 'end', end: { keys: count('key'), leases: count('lease'), sha256 } })
}

async function* chunks(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string, size?: number): Promise<ExportLine[]> {
  return await collected(readExport(chunks(text, size), 'x.jsonl'))
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of source) found.push(one)
  return found
}

const bytes = (text: string) => Buffer.from(text)

test('any bytes come back as they were', async () => {
  const any = fc.uint8Array({ minLength: 1, maxLength: 40 })
  const property = fc.asyncProperty(
    fc.uniqueArray(fc.tuple(any, any), { selector: ([name]) => Buffer.from(name).toString('hex') }),
    fc.integer({ min: 1, max: 300 }),
    async (pairs, size) => {
      const sorted = pairs.toSorted(([a], [b]) => Buffer.compare(a, b)).map((pair) => entry(...pair))
      expect((await read(whole(sorted), size)).slice(1, -1)).toEqual(sorted)
    },
  )
  await fc.assert(property, { numRuns: 100 })
})

test('text stands as text, other bytes in base64, and nothing in it moves a terminal', () => {
  expect(formatLine(entry(bytes('/a'), bytes('grün\n')))).toContain('"key":"/a","value":"grün\\n"')
  expect(formatLine(entry(bytes('/a'), Buffer.from([0xff])))).toContain('"valueBase64":"/w=="')
  expect(formatLine(entry(bytes('/a'), bytes('\u{FEFF}x\u{9B}2J\u{1B}')))).toContain(
    '"\u{FEFF}x\\u009b2J\\u001b"',
  )
})

test('leases keep their IDs', async () => {
  const both = [{ kind: 'lease', lease: LEASE } as const, entry(bytes('a'), bytes('1'), LEASE.id)]
  expect((await read(whole(both))).slice(1, -1)).toEqual(both)
})

const TWO = whole([entry(bytes('a'), bytes('1')), entry(bytes('b'), bytes('2'))])

test('wherever it is cut short, it is refused', async () => {
  for (let length = 0; length < TWO.length; length++)
    await expect(read(TWO.slice(0, length), 64), `${length}`).rejects.toMatchObject({ code: 'backup' })
})

test.each<[string, string, ErrorTopic, RegExp]>([
  [
    'a changed value',
    TWO.replace('"value":"2"', '"value":"3"'),
    'backup/damaged-export',
    /^x\.jsonl:4: .*checksum/,
  ],
  [
    'a line too few',
    TWO.split('\n').toSpliced(1, 1).join('\n'),
    'backup/damaged-export',
    /^x\.jsonl:3: .* 2 keys and 0 leases, .* 1 and 0$/,
  ],
  [
    'two in another order',
    TWO.split('\n')
      .toSpliced(1, 2, TWO.split('\n')[2] ?? '', TWO.split('\n')[1] ?? '')
      .join('\n'),
    'backup/damaged-export',
    /^x\.jsonl:3: .* key .* before /,
  ],
  ['something behind its end', `${TWO}{}\n`, 'backup/damaged-export', /^x\.jsonl:5: .* end$/],
  [
    'another version',
    TWO.replace('"version":1,', '"version":2,'),
    'backup/not-an-export',
    /^x\.jsonl:1: .*version .*2\b.* 1$/,
  ],
  ['another kind of file', 'hello\n', 'backup/not-an-export', /^x\.jsonl:1: .* JSON/],
  ['nothing at all', '', 'backup/not-an-export', /^x\.jsonl: .* empty$/],
  ['no header', TWO.split('\n').slice(1).join('\n'), 'backup/not-an-export', /^x\.jsonl:1: .* begin /],
  [
    'a key twice in one line',
    TWO.replace('"key":"a"', '"key":"a","keyBase64":"YQ=="'),
    'backup/not-an-export',
    /^x\.jsonl:2: .*\bkey .*\bkeyBase64 /,
  ],
  [
    'a lease that is not there',
    whole([entry(bytes('a'), bytes('1'), 7n)]),
    'backup/damaged-export',
    /^x\.jsonl:2: .* lease$/,
  ],
])('%s is refused', async (_what, text, topic, says) => {
  await expect(read(text)).rejects.toFail(topic, { says, fix: 'quorate export' })
})

async function* given(...entries: readonly ExportLine[]): AsyncGenerator<ExportLine> {
  yield* entries
}

const key = (index: number) => bytes(`/${String(index).padStart(4, '0')}`)

async function sizes(found: readonly ExportLine[]): Promise<number[]> {
  return (await collected(batchesOf(given(...found), {}))).map((batch) => batch.length)
}

test('no portion is larger than a transaction takes', async () => {
  const many = Array.from({ length: 250 }, (_, index) => entry(key(index), bytes('x')))
  expect(await sizes(many)).toEqual([100, 100, 50])
  const large = Array.from({ length: 5 }, (_, index) => entry(key(index), new Uint8Array(400 * 1024)))
  expect(await sizes(large)).toEqual([2, 2, 1])
})

test('prefixes are replaced, and a key without the old one is refused', async () => {
  const some = given(entry(bytes('/a/1'), bytes('x')))
  const [batch] = await collected(batchesOf(some, { mapping: { from: '/a/', to: '/b/c/' } }))
  expect(Buffer.from(batch?.[0]?.key ?? []).toString()).toBe('/b/c/1')
  for (const mapping of [
    { from: '/b/', to: '' },
    { from: '/a/1', to: '' },
  ])
    await expect(
      collected(batchesOf(given(entry(bytes('/a/1'), bytes('x'))), { mapping })),
    ).rejects.toMatchObject({ code: 'usage' })
})
