import { expect, test } from 'vitest'
import type { HostFacts, Listener } from './facts.ts'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { judgeEtcdPlace } from './ports.ts'

const judged = (id: string, facts: Partial<HostFacts>) =>
  judgeEtcdPlace(cluster(), node(1), goodFacts(facts)).find((check) => check.id === id)

const listener = (changes: Partial<Listener>): Listener => ({
  address: '*',
  port: 2379,
  process: 'nginx',
  pid: 77,
  unit: 'nginx.service',
  ...changes,
})

const OUR_UNIT = { active: 'active', path: '/etc/systemd/system/etcd.service', mainPid: 42, ours: true }

test('an empty machine has room for etcd', () => {
  const results = judgeEtcdPlace(cluster(), node(1), goodFacts()).map(({ id, result }) => [id, result])
  expect(results).toEqual([
    ['own-address', 'ok'],
    ['client-port', 'ok'],
    ['peer-port', 'ok'],
    ['metrics-port', 'ok'],
    ['leftovers', 'ok'],
    ['unit', 'ok'],
  ])
})

test('who takes a port is named, with how to stop it', () => {
  expect(judged('client-port', { listeners: [listener({})] })).toMatchObject({
    result: 'failure',
    found: expect.stringMatching(/^nginx \(pid 77, nginx\.service\) .*\*:2379$/),
    remedy: expect.stringMatching(/\(systemctl disable --now nginx\.service\), .*`etcd\.clientPort`/),
  })
  const bare = listener({ port: 2380, process: 'nc', unit: 'session-1.scope', address: '198.18.0.11' })
  expect(judged('peer-port', { listeners: [bare] })?.remedy).toContain('kill 77')
})

test.each(['127.0.0.1', '::1', '::', '0.0.0.0'])('a listener on %s is in the way', (address) => {
  expect(judged('client-port', { listeners: [listener({ address })] })?.result).toBe('failure')
})

const on = (address: string) => ({ listeners: [listener({ address, port: 2381 })] })

test('further listeners are judged by their own address', () => {
  expect(judged('metrics-port', on('127.0.0.1'))).toMatchObject({
    result: 'failure',
    remedy: expect.stringContaining('`etcd.metrics`'),
  })
  expect(judged('metrics-port', on('198.18.0.11'))?.result).toBe('ok')
  const spec = cluster()
  const settings = {
    'listen-metrics-urls': 'https://{address}:2383',
    'listen-client-http-urls': 'https://0.0.0.0:2384',
  }
  const moved = { ...spec, etcd: { ...spec.etcd, settings } }
  const taken = goodFacts({
    listeners: [2381, 2383, 2384].map((port) => listener({ address: '198.18.0.11', port })),
  })
  const checks = judgeEtcdPlace(moved, node(1), taken).filter(({ id }) => /^(metrics|http)-port$/.test(id))
  expect(checks.map(({ id, title, result }) => [id, title, result])).toEqual([
    ['metrics-port', 'Metrics port 2383', 'failure'],
    ['http-port', 'HTTP port 2384', 'failure'],
  ])
  expect(checks[1]?.remedy).toContain('`etcd.settings.listen-client-http-urls`')
})

test('a listener on another address of the machine is not', () => {
  expect(judged('client-port', { listeners: [listener({ address: '192.0.2.7' })] })?.result).toBe('ok')
})

test("another tool's etcd is reported as that, even with quorate's unit", () => {
  const foreign = listener({ process: 'etcd', pid: 99, unit: 'docker.service' })
  expect(judged('client-port', { listeners: [foreign] })?.found).toContain('a foreign etcd (pid 99')
  expect(judged('client-port', { listeners: [foreign], unit: OUR_UNIT })?.result).toBe('failure')
})

test("quorate's own running etcd is fine: port, data and unit", () => {
  const facts = {
    unit: OUR_UNIT,
    dataEntries: ['member'],
    walEntries: ['0.wal'],
    listeners: [
      listener({ process: 'etcd', pid: 42, unit: 'etcd.service', address: '198.18.0.11' }),
      listener({ process: 'etcd', pid: 42, unit: 'etcd.service', address: '127.0.0.1' }),
    ],
  }
  const results = judgeEtcdPlace(cluster(), node(1), goodFacts(facts)).map(({ result }) => result)
  expect(results).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok'])
})

test('unknown data is an obstacle', () => {
  expect(judged('leftovers', { dataEntries: ['member'] })).toMatchObject({
    result: 'failure',
    found: expect.stringContaining('/opt/etcd/data '),
  })
  expect(judged('leftovers', { walEntries: ['0.wal'] })?.found).toContain('/opt/etcd/wal')
})

test("another tool's unit is a warning", () => {
  const unit = { active: 'inactive', path: '/lib/systemd/system/etcd.service', mainPid: 0, ours: false }
  expect(judged('unit', { unit })).toMatchObject({
    result: 'warning',
    found: '/lib/systemd/system/etcd.service, inactive',
  })
})

test('what others have set for the unit stands in the way, or is named', () => {
  const unit = (body: string) => {
    const dropIns = [{ path: '/etc/systemd/system/etcd.service.d/x.conf', text: `[Service]\n${body}\n` }]
    return { ...OUR_UNIT, surroundings: { dropIns, files: {}, ambient: {}, ambientFiles: {} } }
  }
  expect(judged('unit', { unit: unit('User=root') })).toMatchObject({ result: 'failure' })
  expect(judged('unit', { unit: unit('Nice=3') })).toMatchObject({ result: 'ok' })
  expect(judged('unit', { unit: unit('Nice=3') })?.found).toContain('/etcd.service.d/x.conf (Nice)')
  expect(judged('unit', { unit: { ...OUR_UNIT, masked: true } })).toMatchObject({ result: 'failure' })
})

test('an address that the machine does not have stands in the way', () => {
  const addresses = [
    { device: 'lo', address: '127.0.0.1', prefix: 8 },
    { device: 'eth0', address: '10.0.0.4', prefix: 24 },
  ]
  expect(judged('own-address', { addresses })).toMatchObject({
    result: 'failure',
    found: expect.stringMatching(/ 10\.0\.0\.4$/),
  })
})

test('an IPv6 address is the same in every spelling', () => {
  const addresses = [{ device: 'eth0', address: '2001:db8::11', prefix: 64 }]
  const spelled = node(1, { address: '2001:DB8:0:0:0:0:0:11' })
  expect(judgeEtcdPlace(cluster(), spelled, goodFacts({ addresses }))[0]?.result).toBe('ok')
})
