import { expect, test } from 'vitest'
import { canonicalValue, flagType, readAlike } from './flag-types.ts'
import { MINORS, flagsOfMinor } from './flags.ts'

test.each([
  ['enable-v2', 'True', 'true'],
  ['experimental-enable-lease-checkpoint', '0', 'false'],
  ['enable-v2', 'yes', undefined],
  ['heartbeat-interval', '0x64', '100'],
  ['quota-backend-bytes', '-1', '-1'],
  ['max-concurrent-streams', '4294967296', undefined],
  ['snapshot-count', '4294967296', '4294967296'],
  ['corrupt-check-time', '90m', '1h30m'],
  ['initial-cluster-state', 'New', undefined],
  ['listen-client-urls', ' https://10.0.0.1:2379 , unix://a:1', 'https://10.0.0.1:2379,unix://a:1'],
  ['listen-client-urls', 'https://10.0.0.1', undefined],
  ['listen-client-urls', 'https://[::1]', undefined],
  ['listen-client-urls', 'https://[::1]:2379', 'https://[::1]:2379'],
  ['listen-client-urls', 'https://10.0.0.1:2379/', undefined],
  ['cors', '*', '*'],
  ['name', ' a ', ' a '],
])('%s: %o is %o', (flag, text, value) => {
  expect(canonicalValue(flag, text)).toBe(value)
})

test('texts that mean the same', () => {
  expect(readAlike('enable-pprof', 'T', '1')).toBe(true)
  expect(readAlike('enable-pprof', 'T', '')).toBe(false)
  expect(readAlike('grpc-keepalive-interval', '300s', '5m')).toBe(true)
  expect(readAlike('listen-client-urls', 'https://a:1, http://b:2', 'http://b:2,https://a:1')).toBe(true)
  expect(readAlike('listen-client-urls', 'https://a:1', 'https://a:1,http://b:2')).toBe(false)
  expect(readAlike('name', 'True', 'true')).toBe(false)
  expect(readAlike('enable-pprof', 'x', 'y')).toBe(false)
})

test('a flag keeps its type when it loses its experimental-', () => {
  const all = MINORS.flatMap((minor) => flagsOfMinor(minor) ?? [])
  const experimental = all.filter((flag) => flag.startsWith('experimental-'))
  expect(experimental.length).toBeGreaterThan(20)
  for (const flag of experimental) expect(flagType(flag)).toBe(flagType(flag.replace('experimental-', '')))
})
