import { expect, test } from 'vitest'
import { makesItsCertificates, settingsOf } from './settings.ts'
import type { EtcdProcess } from './machine-facts.ts'

function run(given: Partial<EtcdProcess>): EtcdProcess {
  return {
    pid: 1,
    user: 'etcd',
    executable: '/usr/local/bin/etcd',
    command: ['etcd'],
    environment: {},
    directory: '/',
    configuration: undefined,
    container: false,
    unit: undefined,
    ...given,
  }
}

test("from the environment, without variables that are not the server's", () => {
  const environment = {
    PATH: '/bin',
    ETCDCTL_API: '3',
    ETCD_NAME: 'a',
    ETCD_HEARTBEAT_INTERVAL: '200',
    ETCD_CORS: '',
  }
  // An empty value counts as unset, for etcd too.
  expect(settingsOf(run({ environment }))).toEqual({ name: 'a', 'heartbeat-interval': '200' })
})

test('from flags in every spelling that Go reads', () => {
  const command = [
    'etcd',
    '--name=a',
    '-data-dir',
    '/d',
    '--client-cert-auth',
    '--wal-dir=/w',
    '--pre-vote=F',
    '--quota-backend-bytes',
    '-1',
  ]
  expect(settingsOf(run({ command }))).toEqual({
    name: 'a',
    'data-dir': '/d',
    'client-cert-auth': 'true',
    'wal-dir': '/w',
    'pre-vote': 'false',
    'quota-backend-bytes': '-1',
  })
})

test('a switch does not swallow the word behind it', () => {
  const command = ['etcd', '--peer-client-cert-auth', 'true', '--name', 'a']
  expect(settingsOf(run({ command }))).toMatchObject({ 'peer-client-cert-auth': 'true', name: 'a' })
})

const NAMED = ['etcd', '--config-file=/etc/etcd.yaml']

test('from a configuration file, which alone counts then', () => {
  const configuration = `name: a
heartbeat-interval: 200
enable-v2: true
listen-client-urls: https://10.0.0.1:2379,https://127.0.0.1:2379
client-transport-security:
  cert-file: /a.crt
  client-cert-auth: true
peer-transport-security:
  cert-file: /b.crt
  trusted-ca-file: /ca.crt
  allowed-cn: [etcd]
`
  const environment = { ETCD_NAME: 'other' }
  expect(settingsOf(run({ command: NAMED, configuration, environment }))).toEqual({
    name: 'a',
    'heartbeat-interval': '200',
    'enable-v2': 'true',
    'listen-client-urls': 'https://10.0.0.1:2379,https://127.0.0.1:2379',
    'cert-file': '/a.crt',
    'client-cert-auth': 'true',
    'peer-cert-file': '/b.crt',
    'peer-trusted-ca-file': '/ca.crt',
    'peer-cert-allowed-cn': 'etcd',
  })
})

test('a configuration file that is not YAML, or missing, does not count as an empty one', () => {
  expect(() => settingsOf(run({ command: NAMED, configuration: 'a: [' }))).toFail(
    'preflight/configuration-file-is-no-yaml',
  )
  expect(() => settingsOf(run({ command: NAMED }))).toFail('preflight/configuration-file-is-no-yaml', {
    says: '/etc/etcd.yaml ',
  })
})

test('certificate files count, and auto-tls is ignored then', () => {
  const own = { 'auto-tls': 'true', 'peer-auto-tls': 'true', 'cert-file': '/a.crt' }
  expect(makesItsCertificates(own, '')).toBe(false)
  expect(makesItsCertificates(own, 'peer-')).toBe(true)
  expect(makesItsCertificates({ 'auto-tls': 'false' }, '')).toBe(false)
})

test('what 3.3 trusts by its older name', () => {
  const environment = {
    ETCD_CA_FILE: '/ca.crt',
    ETCD_PEER_CA_FILE: '/p.crt',
    ETCD_PEER_TRUSTED_CA_FILE: '/q.crt',
  }
  expect(settingsOf(run({ environment }), '3.3.25')).toMatchObject({
    'trusted-ca-file': '/ca.crt',
    'peer-trusted-ca-file': '/q.crt',
  })
})
