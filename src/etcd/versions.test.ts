import { expect, test } from 'vitest'
import {
  atLeast,
  environmentNames,
  hasEtcdutl,
  minorOf,
  supportedMinorOf,
  supportsLearners,
  supportsV2,
  unknownSettings,
} from './versions.ts'

const suggestion = (version: string, name: string): string | undefined =>
  unknownSettings(version, [name])[0]?.suggestion

test('a version is exact, or refused with an example', () => {
  expect(minorOf('3.5.16')).toBe('3.5')
  for (const wrong of ['3.5', 'v3.5.16', '3.x', '', ' 3.5.16'])
    expect(() => minorOf(wrong)).toFail('cluster-file/not-an-exact-version', { says: `'${wrong}'` })
  for (const version of ['3.2.9', '4.0.0'])
    expect(() => supportedMinorOf(version)).toFail('cluster-file/unsupported-version', { says: version })
})

test('what each minor has', () => {
  expect(['3.3.25', '3.4.23', '3.5.16', '3.6.14', '3.7.1'].map(supportsV2)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
  expect(['3.3.25', '3.4.23'].map(supportsLearners)).toEqual([false, true])
  expect(['3.4.23', '3.5.16'].map(hasEtcdutl)).toEqual([false, true])
  expect(atLeast('3.5.9', '3.5.16')).toBe(false)
})

test('an options file holds only variables that the version knows', () => {
  expect(environmentNames('3.3.25')).not.toContain('ETCD_LOGGER')
  expect(environmentNames('3.4.23')).toContain('ETCD_LOGGER')
  expect(environmentNames('3.5.7')).not.toContain('ETCD_LISTEN_CLIENT_HTTP_URLS')
  expect(environmentNames('3.5.8')).toContain('ETCD_LISTEN_CLIENT_HTTP_URLS')
  expect(environmentNames('3.6.14')).toContain('ETCD_EXPERIMENTAL_CORRUPT_CHECK_TIME')
  expect(environmentNames('3.7.1').filter((name) => name.startsWith('ETCD_EXPERIMENTAL_'))).toEqual([])
  for (const version of ['3.3.25', '3.4.23', '3.5.16', '3.6.14', '3.7.1']) {
    expect(environmentNames(version)).toEqual(
      expect.arrayContaining([
        'ETCD_NAME',
        'ETCD_DATA_DIR',
        'ETCD_CLIENT_CERT_AUTH',
        'ETCD_INITIAL_CLUSTER_STATE',
      ]),
    )
  }
})

test.each([
  ['3.7.1', 'experimental-corrupt-check-time', 'corrupt-check-time'],
  ['3.5.16', 'corrupt-check-time', 'experimental-corrupt-check-time'],
  ['3.7.1', 'experimental-initial-corrupt-check', 'feature-gates=InitialCorruptCheck=true'],
  ['3.5.16', 'log-output', 'log-outputs'],
  ['3.5.16', 'ETCD_HEARTBEAT_INTERVAL', 'heartbeat-interval'],
  ['3.5.16', 'heartbeat_interval', 'heartbeat-interval'],
  ['3.5.16', 'hartbeat-interval', 'heartbeat-interval'],
  ['3.5.16', 'colour', undefined],
  ['3.6.14', 'enable-v2', undefined],
  ['3.6.16', 'experimental-max-learners', 'max-learners'],
])('etcd %s: instead of %s write %s', (version, name, expected) => {
  expect(unknownSettings(version, [name])).toHaveLength(1)
  expect(suggestion(version, name)).toBe(expected)
})
