import { expect, test } from 'vitest'
import { settingsOf } from './settings.ts'
import type { EtcdProcess } from './sighting.ts'

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

test('from the environment, without what is not the server’s', () => {
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
    '--pre-vote=false',
  ]
  expect(settingsOf(run({ command }))).toEqual({
    name: 'a',
    'data-dir': '/d',
    'client-cert-auth': 'true',
    'wal-dir': '/w',
    'pre-vote': 'false',
  })
})

test('a switch does not swallow the word behind it', () => {
  const command = ['etcd', '--peer-client-cert-auth', 'true', '--name', 'a']
  expect(settingsOf(run({ command }))).toMatchObject({ 'peer-client-cert-auth': 'true', name: 'a' })
})

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
`
  expect(settingsOf(run({ configuration, environment: { ETCD_NAME: 'other' } }))).toEqual({
    name: 'a',
    'heartbeat-interval': '200',
    'enable-v2': 'true',
    'listen-client-urls': 'https://10.0.0.1:2379,https://127.0.0.1:2379',
    'cert-file': '/a.crt',
    'client-cert-auth': 'true',
    'peer-cert-file': '/b.crt',
    'peer-trusted-ca-file': '/ca.crt',
  })
})
