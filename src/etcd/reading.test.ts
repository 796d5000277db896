import { describe, expect, test } from 'vitest'
import { type Start, readSettings } from './reading.ts'

function read(start: Partial<Start>) {
  const reading = readSettings({ command: ['etcd'], environment: {}, version: '3.6.16', ...start })
  const settings = Object.fromEntries(
    Object.entries(reading.settings).map(([flag, { value }]) => [flag, value]),
  )
  return { ...reading, settings, sources: reading.settings }
}

/** With `--config-file`. */
function fromFile(file: string, start: Partial<Start> = {}) {
  return read({ command: ['etcd', '--config-file', '/etc/etcd.yaml'], file, ...start })
}

function twice(one: string, other: string): string | undefined {
  return read({ command: ['etcd', `--cors=${one}`, `--cors=${other}`] }).settings['cors']
}

describe('flags', () => {
  test('a flag that takes a value takes the next word, whatever it looks like', () => {
    const command = ['etcd', '--name', '--data-dir', '-quota-backend-bytes', '-1']
    expect(read({ command })).toMatchObject({
      settings: { name: '--data-dir', 'quota-backend-bytes': '-1' },
      faults: [],
    })
  })

  test('of a flag that is there twice the later counts', () => {
    expect(read({ command: ['etcd', '--name=a', '--name=b'] }).settings).toEqual({ name: 'b' })
  })

  test('of URLs that are given twice the former stay where they hold the later', () => {
    expect(twice('http://a:1,http://b:2', 'http://a:1')).toBe('http://a:1,http://b:2')
    expect(twice('http://a:1', 'http://b:2')).toBe('http://b:2')
    expect(twice('http://a:1', '*')).toBe('http://a:1,*')
  })

  test.each([
    ['--no-such-flag=1'],
    ['--pre-vote', 'false'],
    ['word'],
    ['---name=a'],
    ['--max-wals=-1'],
    ['--name'],
  ])('etcd does not start with %s', (...words) => {
    expect(read({ command: ['etcd', ...words] }).faults).toHaveLength(1)
  })

  test('switches of long ago are passed over, with nothing behind them', () => {
    expect(read({ command: ['etcd', '-v', '--snapshot', '--name=a', '--'] })).toMatchObject({
      settings: { name: 'a' },
      faults: [],
    })
  })
})

describe('variables', () => {
  test('an empty one counts as unset', () => {
    expect(read({ environment: { ETCD_NAME: '', ETCD_PRE_VOTE: '0' } })).toMatchObject({
      settings: { 'pre-vote': 'false' },
      faults: [],
    })
  })

  test('with a flag of the same name, etcd does not start from 3.4 on; 3.3 uses the flag', () => {
    const start = { command: ['etcd', '--name=a'], environment: { ETCD_NAME: 'b' } }
    expect(read(start).faults).toHaveLength(1)
    expect(read({ ...start, version: '3.3.25' })).toMatchObject({
      settings: { name: 'a' },
      faults: [],
      passedOver: [{ name: 'ETCD_NAME', source: 'environment', because: 'shadowed' }],
    })
  })

  test('one that this version does not know is passed over', () => {
    const environment = { ETCD_ENABLE_V2: 'true', ETCD_UNSUPPORTED_ARCH: 'arm64', ETCDCTL_API: '3' }
    expect(read({ environment })).toMatchObject({
      settings: {},
      passedOver: [{ name: 'ETCD_ENABLE_V2', source: 'environment', because: 'unknown' }],
    })
    expect(read({ environment, version: '3.5.35' }).settings).toEqual({ 'enable-v2': 'true' })
  })

  test('one names the configuration file, but not to 3.3', () => {
    const start = { environment: { ETCD_CONFIG_FILE: '/etc/etcd.yaml', ETCD_NAME: 'a' }, file: 'name: b' }
    expect(read(start)).toMatchObject({
      settings: { name: 'b' },
      passedOver: [{ name: 'ETCD_NAME', because: 'file' }],
    })
    expect(read({ ...start, version: '3.3.25' }).settings).toEqual({ name: 'a' })
  })
})

describe('the configuration file', () => {
  test('has groups for the flags about certificates; the flags themselves are not keys', () => {
    const text = `cert-file: /no.crt
auto-tls: yes
client-transport-security: { cert-file: /a.crt, allowed-hostname: [a, b] }
peer-transport-security: { auto-tls: on, skip-client-san-verification: true }
socket-options: { reuse-port: y }
`
    expect(fromFile(text)).toMatchObject({
      settings: {
        'cert-file': '/a.crt',
        'client-cert-allowed-hostname': 'a,b',
        'peer-auto-tls': 'true',
        'peer-skip-client-san-verification': 'true',
        'socket-reuse-port': 'true',
      },
      passedOver: [{ name: 'auto-tls' }, { name: 'cert-file' }],
      faults: [],
    })
  })

  test.each([
    ['name: 010', undefined],
    ['name: "010"', '010'],
    ['name: on', undefined],
    ['NAME: a', 'a'],
    ['name: a\nname: b', 'b'],
    ['name: ~', 'default'],
    ['x: &x {name: a}\n<<: *x', 'a'],
    ['name: &n a\nwal-dir: *n', 'a'],
  ])('%j: its name is %s', (text, name) => {
    const { settings, faults } = fromFile(text)
    expect(faults.length === 0 ? (settings['name'] ?? 'default') : undefined).toBe(name)
  })

  test.each([
    ['snapshot-count: 010', '8'],
    ['snapshot-count: 1_000', '1000'],
    ['snapshot-count: 1e3', '1000'],
    ['snapshot-count: "5"', undefined],
    ['snapshot-count: 1.5', undefined],
    ['snapshot-count: -1', undefined],
  ])('%s is %s', (text, count) => {
    expect(fromFile(text).settings['snapshot-count']).toBe(count)
  })

  test('durations are nanoseconds', () => {
    expect(fromFile('grpc-keepalive-interval: 7_200_000_000_000').settings).toEqual({
      'grpc-keepalive-interval': '2h',
    })
    expect(fromFile('grpc-keepalive-interval: 2h').faults).toHaveLength(1)
  })

  test('a retention without a mode compacts nothing before 3.6', () => {
    const text = 'auto-compaction-retention: "8"'
    expect(fromFile(text).settings).toEqual({ 'auto-compaction-retention': '8' })
    expect(fromFile(text, { version: '3.5.35' }).settings).toEqual({ 'auto-compaction-retention': '0' })
    const both = `${text}\nauto-compaction-mode: periodic`
    expect(fromFile(both, { version: '3.5.35' }).settings).toMatchObject({ 'auto-compaction-retention': '8' })
  })

  test('3.4 has no gateway with a file that does not ask for it', () => {
    const file = 'name: a'
    expect(fromFile(file, { version: '3.4.23' }).settings).toEqual({
      name: 'a',
      'enable-grpc-gateway': 'false',
    })
    expect(fromFile('enable-grpc-gateway: yes', { version: '3.4.23' }).settings).toEqual({
      'enable-grpc-gateway': 'true',
    })
    expect(fromFile(file, { version: '3.5.35' }).settings).toEqual({ name: 'a' })
  })

  test('text that is not YAML, and aliases that multiply, are reported', () => {
    expect(fromFile('name: [').unreadable).toBeDefined()
    const bomb = Array.from({ length: 5 }, (_, at) => `x${at}: &x${at} [${`*x${at - 1},`.repeat(at && 40)}a]`)
    expect(fromFile(bomb.join('\n')).unreadable).toBeDefined()
    expect(fromFile('['.repeat(5000)).unreadable).toBeDefined()
  })
})

test('where each comes from', () => {
  const { sources } = read({ command: ['etcd', '--name=a'], environment: { ETCD_WAL_DIR: '/w' } })
  expect(sources).toEqual({
    name: { value: 'a', source: 'flag' },
    'wal-dir': { value: '/w', source: 'environment' },
  })
})
