import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  checkDnsDomain,
  checkImageRepository,
  checkLabelValue,
  checkNetwork,
  checkQualifiedName,
  isNetwork,
  networksOverlap,
} from './kubernetes-values.ts'

test.each(['10.96.0.0/12', '10.244.0.0/16', '198.18.0.0/15', '10.0.0.1/32'])('%s is a network', (text) => {
  expect(checkNetwork(text)).toBeUndefined()
})

test.each([
  ['10.96.0.1/12', 'an address within a network', 'write 10.96.0.0/12'],
  ['10.96.0.0', 'not a network', 'like 10.244.0.0/16'],
  ['10.96.0.0/33', 'not a network', ''],
  ['10.96.0.0/08', 'not a network', ''],
  ['10.96/12', 'not a network', ''],
  ['010.96.0.0/12', 'not a network', ''],
  ['', 'not a network', ''],
  ['fd00::/64', 'IPv6', 'write an IPv4 network'],
  ['10.244.0.0/16,fd00::/64', 'two networks', 'write the IPv4 network alone'],
  ['127.0.0.0/8', 'loopback', 'private'],
  ['0.0.0.0/0', "'this network'", 'private'],
  ['169.254.7.0/24', 'link-local', ''],
  ['240.0.0.0/4', 'reserved', ''],
])('%s is none', (text, message, hint) => {
  const complaint = checkNetwork(text)
  expect(complaint?.message).toContain(message)
  expect(complaint?.hint).toContain(hint)
})

test('two networks overlap where one holds the other, and nowhere else', () => {
  const network = fc
    .record({ value: fc.integer({ min: 0, max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 1, max: 32 }) })
    .map(({ value, prefix }) => {
      const size = 2 ** (32 - prefix)
      const first = value - (value % size)
      const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256)
      return { first, last: first + size - 1, text: `${parts.join('.')}/${prefix}` }
    })
  fc.assert(
    fc.property(network, network, (one, other) => {
      expect(isNetwork(one.text)).toBe(true)
      expect(networksOverlap(one.text, other.text)).toBe(one.first <= other.last && other.first <= one.last)
    }),
  )
})

test('DNS domains, with a suggestion', () => {
  expect(checkDnsDomain('cluster.local')).toBeUndefined()
  expect(checkDnsDomain('a')).toBeUndefined()
  expect(checkDnsDomain('Cluster.Local.')?.hint).toBe('write cluster.local')
  expect(
    ['', '.', 'a..b', 'a_b', '-a', `${'a'.repeat(64)}.b`, 'ä', 'a b', 'a.'.repeat(127)].filter(
      (text) => checkDnsDomain(text) === undefined,
    ),
  ).toEqual([])
})

test('image repositories', () => {
  expect(
    ['registry.k8s.io', 'localhost:5000', 'r.example.org:5000/a/b-c_d', 'quorate.lab'].filter(
      (text) => checkImageRepository(text) !== undefined,
    ),
  ).toEqual([])
  expect(checkImageRepository('https://registry.k8s.io/')?.hint).toBe('write registry.k8s.io')
  expect(
    ['', 'A', 'a b', 'a/', '/a', 'a:b', 'a/../b', 'a@sha256:1', 'a\nb'].filter(
      (text) => checkImageRepository(text) === undefined,
    ),
  ).toEqual([])
})

test("keys and values of labels are as Kubernetes' own rules have them", () => {
  expect(
    ['disk', 'a.b_c-D', 'example.org/disk', 'node-role.kubernetes.io/worker', 'a'.repeat(63)].filter(
      (text) => checkQualifiedName(text) !== undefined,
    ),
  ).toEqual([])
  expect(
    ['', '/', 'a/', '/a', 'a/b/c', 'A.org/a', '-a', 'a-', 'ä', 'a b', 'a'.repeat(64)].filter(
      (text) => checkQualifiedName(text) === undefined,
    ),
  ).toEqual([])
  expect(['', 'ssd', 'a_b.c-d', 'A', '1'].filter((text) => checkLabelValue(text) !== undefined)).toEqual([])
  expect(
    [' ', 'a b', '-', 'a/b', 'a'.repeat(64), 'ü', 'a\n'].filter(
      (text) => checkLabelValue(text) === undefined,
    ),
  ).toEqual([])
})

test('nothing that is said repeats a long text whole', () => {
  const long = 'x'.repeat(100_000)
  for (const check of [
    checkNetwork,
    checkDnsDomain,
    checkImageRepository,
    checkQualifiedName,
    checkLabelValue,
  ])
    expect(check(`${long} `)?.message.length).toBeLessThan(300)
})
