import { expect, test } from 'vitest'
import { BUILT, SETTING_CASES } from './settings.fixture.ts'
import { checkSettings, settingFaults } from './settings.ts'

const VERSIONS = ['3.3.25', '3.4.23', '3.5.35', '3.6.16', '3.7.3'] as const

const names = (version: string, settings: Record<string, string>) =>
  settingFaults(version, settings).map(({ name }) => name)

test.each(SETTING_CASES)('$settings: starts with $starts', ({ settings, starts }) => {
  expect(BUILT.filter((version) => settingFaults(version, settings).length === 0)).toEqual(starts)
})

test('the safeguard on start stays on, whatever the file says of it', () => {
  for (const off of [
    'InitialCorruptCheck=false',
    'CompactHashCheck=true, InitialCorruptCheck = F',
    'InitialCorruptCheck=0',
  ]) {
    for (const version of ['3.6.16', '3.7.3'])
      expect(settingFaults(version, { 'feature-gates': off })).toMatchObject([
        { name: 'feature-gates', kind: 'refused', message: expect.stringContaining('quorate keeps') },
      ])
  }
  expect(settingFaults('3.6.16', { 'feature-gates': 'InitialCorruptCheck=true' })).toEqual([])
})

test("requests so small that a member can't announce itself are refused", () => {
  expect(names('3.6.16', { 'max-request-bytes': '7' })).toEqual(['max-request-bytes'])
  expect(names('3.6.16', { 'max-request-bytes': '2097152' })).toEqual([])
})

test('every fault says what to do', () => {
  const faults = settingFaults('3.6.16', {
    logger: 'capnslog',
    'v2-deprecation': 'not-yet',
    'feature-gates': 'LeaseCheckpointPersist=true,Nope=true',
    'max-snapshots': 'many',
  })
  expect(faults).toHaveLength(5)
  for (const { hint } of faults) expect(hint).toBeTruthy()
  expect(faults.find(({ name }) => name === 'logger')?.hint).toBe('remove it, or write zap')
})

test('an unknown name says what to write, with the value that the flag had', () => {
  expect(settingFaults('3.7.3', { 'experimental-compact-hash-check-enabled': 'false' })).toMatchObject([
    { kind: 'unknown', instead: 'feature-gates=CompactHashCheck=false' },
  ])
  // And in the other direction, for the rollback to 3.5.
  expect(
    settingFaults('3.5.35', { 'feature-gates': 'CompactHashCheck=true,InitialCorruptCheck=true' }),
  ).toMatchObject([{ kind: 'unknown', instead: 'experimental-compact-hash-check-enabled=true' }])
  expect(settingFaults('3.5.35', { 'corrupt-check-time': '1m' })).toMatchObject([
    { instead: 'experimental-corrupt-check-time' },
  ])
})

test('what few write is right in every version', () => {
  const usual = {
    'heartbeat-interval': '100',
    'quota-backend-bytes': '8589934592',
    'snapshot-count': '10000',
  }
  for (const version of VERSIONS) expect(names(version, usual)).toEqual([])
  expect(names('3.4.23', { logger: 'capnslog' })).toEqual([])
})

test('known settings pass; every other one is named in one error', () => {
  expect(() =>
    checkSettings('3.5.16', { 'heartbeat-interval': '100', 'quota-backend-bytes': '1' }),
  ).not.toThrow()
  expect(() => checkSettings('3.5.16', { 'log-output': 'x', colour: 'red', logger: 'capnslog' })).toFail(
    'cluster-file/unfit-settings',
    { says: /^etcd 3\.5\.16 .*'log-output': .*'log-outputs'\n.*'colour'\n.*'capnslog'$/ },
  )
})
