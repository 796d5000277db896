import { expect, test } from 'vitest'
import { type Surroundings, foreignSettings } from './foreign-settings.ts'
import template from './etcd.service?raw'

const WANTED = {
  unit: template,
  environment: { ETCD_NAME: 'etcd01', ETCD_DATA_DIR: '/opt/etcd/data' },
  known: new Set(['ETCD_NAME', 'ETCD_DATA_DIR', 'ETCD_HEARTBEAT_INTERVAL', 'ETCD_WAL_DIR']),
}
const NONE: Surroundings = { dropIns: [], files: {}, ambient: {}, ambientFiles: {} }
const drop = (body: string, path = '/etc/systemd/system/etcd.service.d/x.conf') => ({
  path,
  text: `[Service]\n${body}\n`,
})
const judged = (changes: Partial<Surroundings>) =>
  foreignSettings(WANTED, { ...NONE, ...changes }).map(({ what, harmful }) => `${harmful ? '!' : ' '}${what}`)
const inDropIn = (body: string, files: Surroundings['files'] = {}) => judged({ dropIns: [drop(body)], files })

test('with nothing around there is nothing to say', () => {
  expect(judged({})).toEqual([])
})

test('what an environment file says counts more than the options file, and the same changes nothing', () => {
  const files = {
    '/etc/default/etcd': { ETCD_NAME: 'etcd01', ETCD_DATA_DIR: '/var/lib/etcd', ETCD_OPTS: 'x' },
  }
  expect(inDropIn('EnvironmentFile=-/etc/default/etcd', files)).toEqual([
    '!ETCD_DATA_DIR from /etc/default/etcd',
    ' ETCD_OPTS from /etc/default/etcd',
  ])
  expect(inDropIn('EnvironmentFile=-/etc/default/other', files)).toEqual([' EnvironmentFile'])
})

test('another spelling of the same value is not a different setting', () => {
  const environment = { ...WANTED.environment, ETCD_HEARTBEAT_INTERVAL: '100', ETCD_CLIENT_CERT_AUTH: 'true' }
  const files = { '/f': { ETCD_HEARTBEAT_INTERVAL: '0100', ETCD_CLIENT_CERT_AUTH: 'T' } }
  const dropIns = [drop('EnvironmentFile=/f')]
  expect(foreignSettings({ ...WANTED, environment }, { ...NONE, dropIns, files })).toMatchObject([
    { what: expect.stringMatching(/HEARTBEAT/) as string, harmful: true },
  ])
})

test('what a drop-in sets as a variable counts less than the options file', () => {
  expect(inDropIn('Environment="ETCD_DATA_DIR=/elsewhere"')).toEqual([' Environment'])
  expect(inDropIn('Environment="ETCD_HEARTBEAT_INTERVAL=250" GOGC=50')).toEqual([
    '!ETCD_HEARTBEAT_INTERVAL',
    ' GOGC',
  ])
})

test.each([
  ['the options file taken out', 'EnvironmentFile=', ['!no ETCD_NAME', '!no ETCD_DATA_DIR']],
  ['its mark taken out', 'Environment=', ['!no QUORATE_UNIT']],
  ['a setting taken out', 'UnsetEnvironment=ETCD_NAME', ['!no ETCD_NAME']],
  ['proxies let in', 'UnsetEnvironment=', ['!UnsetEnvironment']],
  ['another command line', 'ExecStart=\nExecStart=/usr/bin/etcd', ['!ExecStart']],
  ['another user', 'User=root', ['!User']],
  ['the same user', 'User=etcd', [' User']],
  ['never restarted', 'Restart=no', ['!Restart']],
  ['always restarted', 'Restart=always', [' Restart']],
  ['a start that may not last', 'TimeoutStartSec=90', ['!TimeoutStartSec']],
  ['nothing to write', 'ReadWritePaths=', ['!ReadWritePaths']],
  ['more to write', 'ReadWritePaths=/srv', [' ReadWritePaths']],
  ['no network', 'PrivateNetwork=yes', ['!PrivateNetwork']],
  ['the network as it is', 'PrivateNetwork=no', [' PrivateNetwork']],
  [
    'resources',
    'LimitNOFILE=1\nNice=5\nCPUAffinity=1\nMemoryMax=1G',
    [' LimitNOFILE', ' Nice', ' CPUAffinity', ' MemoryMax'],
  ],
])('%s', (_what, body, wanted) => {
  expect(inDropIn(body)).toEqual(wanted)
})

test('the guard against a start without a log is not to be taken out', () => {
  const text = '[Unit]\nAssertPathExists=\nConditionPathIsMountPoint=/opt/etcd\n'
  expect(judged({ dropIns: [{ path: '/etc/systemd/system/etcd.service.d/x.conf', text }] })).toEqual([
    '!AssertPathExists',
    ' ConditionPathIsMountPoint',
  ])
})

test('what systemd gives to every service matters where etcd reads it and the options file says nothing', () => {
  const ambient = { ETCD_NAME: 'default', ETCD_HEARTBEAT_INTERVAL: '250', ETCD_OPTS: 'x' }
  expect(judged({ ambient })).toEqual(['!ETCD_HEARTBEAT_INTERVAL', ' ETCD_OPTS'])
})

test('a file of the same name in a place that counts more masks', () => {
  const low = drop('User=root', '/usr/lib/systemd/system/etcd.service.d/x.conf')
  expect(judged({ dropIns: [{ path: '/etc/systemd/system/etcd.service.d/x.conf', text: '' }, low] })).toEqual(
    [],
  )
})

test('a later drop-in may take back what an earlier one says', () => {
  const later = drop('EnvironmentFile=/etc/etcd/options.env', '/etc/systemd/system/etcd.service.d/y.conf')
  const files = { '/etc/default/etcd': { ETCD_NAME: 'default' } }
  expect(judged({ dropIns: [drop('EnvironmentFile=/etc/default/etcd'), later], files })).toEqual([
    ' EnvironmentFile',
    ' EnvironmentFile',
  ])
})
