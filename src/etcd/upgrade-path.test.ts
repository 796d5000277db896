import { expect, test } from 'vitest'
import { DOWNGRADES } from '../spec/version-facts.ts'
import { moveBetween } from './upgrade-path.ts'
import { newestPatch } from './hazards.ts'
import { minorOf } from './versions.ts'

test.each([
  ['3.5.16', '3.5.16', { kind: 'none' }],
  ['3.5.16', '3.5.30', { kind: 'patch', back: false }],
  ['3.5.30', '3.5.9', { kind: 'patch', back: true }],
  ['3.4.23', '3.5.16', { kind: 'minor' }],
  ['3.5.16', '3.4.23', { kind: 'minor-back' }],
  ['3.3.25', '3.5.16', { kind: 'too-far', via: ['3.4'], back: false }],
  ['3.3.25', '3.7.1', { kind: 'too-far', via: ['3.4', '3.5', '3.6'], back: false }],
  ['3.7.1', '3.5.16', { kind: 'too-far', via: ['3.6'], back: true }],
])('from %s to %s', (from, to, expected) => {
  expect(moveBetween(from, to)).toEqual(expected)
})

test('a version that is not exact is refused', () => {
  expect(() => moveBetween('3.5.16', '3.6')).toFail('cluster-file/not-an-exact-version', {
    says: "'3.6'",
  })
})

test('etcd can downgrade to the minor before from 3.6 on', () => {
  expect(Object.keys(DOWNGRADES).toSorted()).toEqual(['3.5', '3.6'])
  for (const [minor, { least }] of Object.entries(DOWNGRADES)) {
    expect(minorOf(least)).toBe(minor)
    expect(minorOf(newestPatch(minor) ?? '')).toBe(minor)
  }
})
