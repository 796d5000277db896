import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'

const GOOD = `name: test
nodes:
  - name: etcd01
    address: 198.18.9.1
    roles: [etcd]
  - name: etcd02
    address: 198.18.9.2
    roles: [etcd]
  - name: etcd03
    address: 198.18.9.3
    roles: [etcd]
etcd: { version: "3.5.16" }
`

function lines(text: string): string[] {
  return parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)
}

test('a byte order mark and Windows line ends change nothing, not even the places', () => {
  const windows = `\uFEFF${GOOD.replaceAll('\n', '\r\n')}`
  expect(lines(windows)).toEqual([])
  expect(parseClusterFile(windows, 'c.yaml').cluster?.name).toBe('test')
  expect(lines(windows.replace('198.18.9.2', '198.18.9.1'))).toEqual(
    lines(GOOD.replace('198.18.9.2', '198.18.9.1')),
  )
  expect(lines('\uFEFFname: Test\r\n')[0]).toMatch(/^cluster\.yaml:1:/)
})

test.each([
  ['', 'cluster.yaml:1:1: the file is empty; write one with `quorate init`'],
  ['# only a comment\n\n', 'cluster.yaml:1:1: the file is empty; write one with `quorate init`'],
  ['hello', 'cluster.yaml:1:1: the file must be a mapping (key: value), and is the text "hello"'],
  ['- a\n', 'cluster.yaml:1:1: the file must be a mapping (key: value), and is a list'],
])('not a cluster file: %j', (text, message) => {
  expect(lines(text)).toEqual([message])
})

test.each([
  [
    GOOD.replace('    address: 198.18.9.2', '\taddress: 198.18.9.2'),
    /^cluster\.yaml:7:1: a tab in the indentation: YAML takes only spaces; write spaces$/,
  ],
  [
    GOOD.replace('"3.5.16"', '"3.5.16'),
    /^cluster\.yaml:12:18: not valid YAML: these quotes never end; close them$/,
  ],
  [
    `${GOOD}---\nname: other\n`,
    /^cluster\.yaml:13:1: a second document starts at this line \(---\): one file describes one cluster; write one file per cluster$/,
  ],
  [
    GOOD.replace('name: etcd02', 'name: @etcd02'),
    /^cluster\.yaml:6:11: not valid YAML: a text can't begin with @ unquoted; put it in quotes$/,
  ],
  [
    GOOD.replace('address: 198.18.9.2', 'address: *nowhere'),
    /^cluster\.yaml:7:14: the alias \*nowhere has no anchor &nowhere before it; put a text that begins with \* in quotes$/,
  ],
])('broken YAML %#', (text, message) => {
  expect(lines(text).join('\n')).toMatch(message)
})

test('a key that is here twice would hide one of two values', () => {
  expect(
    lines(
      GOOD.replace(
        '    roles: [etcd]\n  - name: etcd02',
        '    roles: [etcd]\n    address: 198.18.9.9\n  - name: etcd02',
      ),
    ),
  ).toEqual([
    'cluster.yaml:6:5: the key address appears twice (first on line 4): one of the two would be lost; keep one',
  ])
})

test('anchors and aliases work, and problems in them are found at the anchor', () => {
  const text = GOOD.replace('roles: [etcd]', 'roles: &r [etcd]').replaceAll('roles: [etcd]', 'roles: *r')
  expect(lines(text)).toEqual([])
  expect(lines(text.replace('[etcd]', '[etdc]'))[0]).toMatch(/^cluster\.yaml:5:16: /)
})

test('names that JavaScript knows are nothing special', () => {
  const text = `${GOOD.replace('"3.5.16"', '"3.5.16", settings: { constructor: 1 }')}groups: { constructor: [etcd01], g: [toString] }\n__proto__: { a: 1 }\n`
  expect(lines(text)).toEqual([
    'cluster.yaml:13:38: group g names toString, and there is no such node; known are etcd01, etcd02, etcd03',
    'cluster.yaml:14:1: unknown key __proto__; known are name, ssh, nodes, groups, requirements, pki, etcd, network, loadBalancer, kubernetes, backup, packages, state',
  ])
})

test('an alias bomb is refused, not expanded', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `b${level}: &b${level} [${
        level === 0
          ? 'x'
          : Array(8)
              .fill(`*b${level - 1}`)
              .join(', ')
      }]`,
  )
  expect(lines(`${levels.join('\n')}\n`)).toEqual([
    'cluster.yaml:1:1: its aliases (*name) multiply beyond measure; write the values out',
  ])
})

test('a huge file and a deeply nested one are refused', () => {
  expect(lines('name: x\n'.repeat(655_360))).toEqual([
    'cluster.yaml:1:1: 5 MiB is too long for a cluster file (at most 1 MiB); check the path: this may not be a cluster file',
  ])
  expect(lines('['.repeat(200_000))).toEqual([
    'cluster.yaml:1:1: nested too deeply for a cluster file; check the path: this may not be a cluster file',
  ])
})

test('whatever is done to the text, there is an answer: a cluster, or problems inside the file', () => {
  const edit = fc.record({
    at: fc.nat(GOOD.length),
    cut: fc.nat(12),
    put: fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('\t', '&a ', '*a', '{', '[', ': ', '\n', 'null', '- '),
    ),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const text = edits.reduce((old, { at, cut, put }) => old.slice(0, at) + put + old.slice(at + cut), GOOD)
      const { cluster, problems } = parseClusterFile(text, 'c.yaml')
      const errors = problems.filter((problem) => problem.severity === 'error')
      expect(cluster === undefined).toBe(errors.length > 0)
      const count = text.split('\n').length
      expect(problems.every(({ line, column }) => line >= 1 && line <= count && column >= 1)).toBe(true)
      expect(
        problems.every(({ message }) => !/undefined|\[object|NaN/.test(message.replaceAll(text, ''))),
      ).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test.each([
  ['name: !!merge <<', '!!merge'],
  ['name: !!binary aGk=', '!!binary'],
  ['name: !!timestamp 2026-01-01', '!!timestamp'],
  ['name: !!set { a, b }', '!!set'],
  ['%YAML 1.1\n---\nname: !!binary aGk=', '!!binary'],
  ['name: !mine a', '!mine'],
])('a tag that makes of a text what no check expects is said to be one: %s', (text, tag) => {
  expect(lines(text)).toEqual([
    expect.stringContaining(`the tag ${tag} means nothing in a cluster file; remove it`),
  ])
})

test('tags of plain types are harmless, and YAML 1.1 is read like 1.2: no merged keys, dates or bytes', () => {
  expect(lines(GOOD.replace('name: test', 'name: !!str test'))).toEqual([])
  const [merged] = lines(`%YAML 1.1\n---\n${GOOD}<<: { name: other }\n`)
  expect(merged).toContain('unknown key <<')
})

function many(line: (index: number) => string): string {
  return Array.from({ length: 20_000 }, (_, index) => line(index)).join('\n')
}

test('many of everything are processed once each: unknown keys, duplicate keys, nodes, errors, tags', () => {
  expect(lines(`${GOOD}${many((index) => `k${index}: 1`)}`)).toHaveLength(20_000)
  expect(lines(`${GOOD}${many(() => 'k: 1')}`)).toHaveLength(19_999)
  expect(lines(`${GOOD}${many((index) => `k${index}: !x 1`)}`)).toHaveLength(1000)
  expect(lines(`${GOOD}${many((index) => `k${index}: @`)}`)).toHaveLength(100)
  expect(lines(`${GOOD}x: [${','.repeat(100_000)}]`)).toHaveLength(100)
})

test('nested a little too deeply for any check is nested too deeply', () => {
  expect(lines(`${GOOD}x: ${'['.repeat(150)}${']'.repeat(150)}`)).toEqual([
    expect.stringContaining('nested too deeply for a cluster file'),
  ])
})
