/** Nonsense in place of Kubernetes' settings is reported with its position, and nothing throws. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseClusterFile } from './parse.ts'
import { formatProblems } from './problem.ts'
import { NINE } from './sample.ts'
import { kubernetes } from './schema-kubernetes.ts'

const KEYS = Object.keys(kubernetes.shape)
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'prototype',
  'hasOwnProperty',
  'ünïcödé',
  '\u{1F600}',
  '',
]

function parsed(part: unknown) {
  const text = NINE.slice(0, NINE.indexOf('kubernetes:')) + stringify({ kubernetes: part })
  return parseClusterFile(text, 'cluster.yaml')
}

/** Faults of the report about such a part: it must be accepted like all of its kind, or reported with its position. */
function faults(part: unknown): readonly string[] {
  const { cluster, problems } = parsed(part)
  const refused = problems.some(({ severity }) => severity === 'error')
  const spec = cluster?.kubernetes
  const values = [spec?.apiServer, spec?.controllerManager, spec?.scheduler].flatMap((one) =>
    Object.values(one?.arguments ?? {}),
  )
  return [
    ...((cluster === undefined) === refused ? [] : ['taken and refused, or neither']),
    ...(problems.every(({ line, column }) => line > 0 && column > 0) ? [] : ['a problem without a place']),
    ...(values.every((value) => typeof value === 'string') ? [] : ['no text']),
  ]
}

const nonsense = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(...NAMES),
  fc.constant('x'.repeat(5000)),
  fc.double(),
  fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), fc.jsonValue({ maxDepth: 2 })),
)

test('any value at any key', () => {
  const part = fc.record({ key: fc.constantFrom(...KEYS), value: nonsense })
  const property = fc.property(part, ({ key, value }) => {
    expect(faults({ version: '1.37.2', [key]: value })).toEqual([])
  })
  expect(() => fc.assert(property, { numRuns: 120 })).not.toThrow()
})

test('any name and value among settings, labels and taints', () => {
  const name = fc.oneof(fc.constantFrom(...NAMES, 'worker', 'common'), fc.string())
  const settings = fc.dictionary(name, nonsense, { maxKeys: 4 })
  const part = fc.record({
    version: fc.constantFrom('1.37.2', '1.34.4'),
    apiServer: fc.record({ arguments: settings }),
    kubelet: fc.record({ configuration: settings }),
    kubeProxy: fc.record({ configuration: settings }),
    nodeLabels: fc.dictionary(name, settings, { maxKeys: 3 }),
    taints: fc.dictionary(name, fc.array(nonsense, { maxLength: 2 }), { maxKeys: 3 }),
  })
  const property = fc.property(part, (one) => {
    expect(faults(one)).toEqual([])
  })
  expect(() => fc.assert(property, { numRuns: 100 })).not.toThrow()
})

test.each(NAMES)('%j is not an argument, a field or a node, and names nothing', (name) => {
  const own = (value: unknown) => Object.fromEntries([[name, value]])
  for (const part of [
    { apiServer: { arguments: own('1') } },
    { kubelet: { configuration: own({ a: 1 }) } },
    { kubeProxy: { configuration: own(true) } },
    { nodeLabels: own({ a: 'b' }) },
    { taints: own([{ key: 'a', effect: 'NoSchedule' }]) },
    own({ version: '1.37.2' }),
  ]) {
    const { cluster, problems } = parsed({ version: '1.37.2', ...part })
    expect({ part, taken: cluster?.kubernetes }).toEqual({ part, taken: undefined })
    expect(problems.length).toBeGreaterThan(0)
  }
  expect(({} as Record<string, unknown>)['a']).toBeUndefined()
})

test('a great many settings are looked through in reasonable time, and said in a page', () => {
  const many = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`no-such-argument-${index}`, index]),
  )
  const started = performance.now()
  const { problems } = parsed({ version: '1.37.2', apiServer: { arguments: many } })
  expect(problems).toHaveLength(3000)
  expect(formatProblems(problems).split('\n').length).toBeLessThan(110)
  expect(performance.now() - started).toBeLessThan(20_000)
})

test('a long name or value is not repeated whole', () => {
  const long = 'x'.repeat(100_000)
  const { problems } = parsed({
    version: '1.37.2',
    dnsDomain: `${long}.`,
    apiServer: { arguments: { [long]: long, 'event-ttl': long } },
    kubelet: { configuration: { [long]: 1 } },
    nodeLabels: { [long]: { [long]: 'a' }, worker: { a: long } },
  })
  expect(problems.length).toBeGreaterThanOrEqual(6)
  expect(Math.max(...problems.map(({ message, hint = '' }) => message.length + hint.length))).toBeLessThan(
    500,
  )
})
