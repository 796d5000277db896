import { expect, test } from 'vitest'
import { parseFacts } from './facts.ts'

const QUESTION = { unitPath: '/etc/systemd/system/etcd.service', resolved: true }

function answer(sections: Readonly<Record<string, string>>, code = 0) {
  const lines = Object.entries(sections).map(
    ([name, text]) => `section ${name} ${code} ${Buffer.from(text).toString('base64')}`,
  )
  return parseFacts(['begin', ...lines, 'ready', ''].join('\n'), QUESTION)
}

const unit = (text: string) => answer({ unit: text }).unit

const said = (seconds: string) =>
  `1+0 records in\n1+0 records out\n2300 bytes (2.3 kB, 2.2 KiB) copied, ${seconds} s, 1 MB/s\n`

test('the machine itself', () => {
  const facts = answer({
    system: 'kernel=Linux\nmachine=x86_64\nhostname=etcd01\ncpus=2\nbits=64\nsystemd=252\nbooted=systemd\n',
    os: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    memory: 'MemTotal:         985000 kB\nMemFree: 1 kB\n',
    tools: 'openssl\n',
  })
  expect(facts).toMatchObject({
    kernel: 'Linux',
    machine: 'x86_64',
    hostname: 'etcd01',
    cpus: 2,
    bits: 64,
    memoryBytes: 985_000 * 1024,
    os: { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
    systemd: { version: 252, booted: true },
    missingTools: ['openssl'],
  })
})

test('an answer without content is unknown, not zero', () => {
  const facts = answer({ system: 'kernel=\n' })
  expect(facts).toMatchObject({
    cpus: undefined,
    memoryBytes: undefined,
    dataDisk: undefined,
    routes: undefined,
  })
  expect(facts.systemd).toEqual({ version: undefined, booted: false })
})

test('a systemd version of a release candidate or a snapshot', () => {
  expect(answer({ system: 'systemd=257~rc1\n' }).systemd.version).toBe(257)
})

test('disks, with a mount point that has a space', () => {
  const facts = answer({
    'data-disk': '/dev/vda1      15728640000 5000000 9000000000      4% /\n',
    'wal-disk': 'overlay 1000 1 999 1% /mnt/my disk\n',
  })
  expect(facts.dataDisk).toEqual({ mountedOn: '/', sizeBytes: 15_728_640_000, freeBytes: 9_000_000_000 })
  expect(facts.walDisk?.mountedOn).toBe('/mnt/my disk')
})

test('listeners of every spelling, with the unit behind the tab', () => {
  const facts = answer({
    listening: [
      'LISTEN 0      4096   *:2379 *:* users:(("etcd",pid=38,fd=3),("etcd",pid=39,fd=3))\tetcd.service',
      'LISTEN 0      128    [::1]:2380 [::]:*\t',
      'LISTEN 0      128    127.0.0.1%lo:2380 0.0.0.0:* users:(("a b",pid=7,fd=3))\tsession-1.scope',
    ].join('\n'),
  })
  expect(facts.listeners).toEqual([
    { address: '*', port: 2379, process: 'etcd', pid: 38, unit: 'etcd.service' },
    { address: '::1', port: 2380, process: undefined, pid: undefined, unit: undefined },
    { address: '127.0.0.1', port: 2380, process: 'a b', pid: 7, unit: 'session-1.scope' },
  ])
})

test("the unit is quorate's only at its path and with its mark", () => {
  const path = 'FragmentPath=/etc/systemd/system/etcd.service\n'
  const running = 'MainPID=42\nActiveState=active\n'
  expect(unit(`${running}${path}Quorate=yes\n`)).toEqual({
    active: 'active',
    path: '/etc/systemd/system/etcd.service',
    mainPid: 42,
    ours: true,
    masked: false,
  })
  expect(unit(`${running}${path}`).ours).toBe(false)
  expect(unit(`${running}FragmentPath=/lib/systemd/system/etcd.service\nQuorate=yes\n`).ours).toBe(false)
})

test('addresses and routes of both families', () => {
  const facts = answer({
    addresses: JSON.stringify([{}, { ifname: 'eth0', addr_info: [{ local: '10.0.0.1', prefixlen: 24 }] }]),
    routes4: JSON.stringify([{ dst: 'default', gateway: '10.0.0.254', dev: 'eth0' }]),
    routes6: JSON.stringify([{ type: 'unreachable', dst: '2001:db8::/32' }]),
  })
  expect(facts.addresses).toEqual([{ device: 'eth0', address: '10.0.0.1', prefix: 24 }])
  expect(facts.routes).toEqual([
    { destination: 'default', gateway: '10.0.0.254', device: 'eth0' },
    { destination: '2001:db8::/32', gateway: undefined, device: undefined },
  ])
})

test('routes that are cut off or no JSON are unknown', () => {
  expect(answer({ routes4: '[{"dst":"defau', routes6: '' }).routes).toBeUndefined()
  expect(answer({ routes4: 'Object "route" is unknown' }).routes).toBeUndefined()
})

test("dd's own seconds become milliseconds, small ones too", () => {
  const facts = answer({ flushes: said('0.0125') + said('7.5e-05') })
  expect(facts.flushes.latenciesMs.map((ms) => ms.toFixed(3))).toEqual(['12.500', '0.075'])
  expect(facts.flushes.trouble).toBeUndefined()
})

test('a probe that failed hands on its last words; one that ran out of time does not', () => {
  expect(
    answer({ flushes: 'a\ndd: No space left on device\n0 bytes copied, 0.005 s, 0.0 kB/s\n' }, 1).flushes
      .trouble,
  ).toBe('dd: No space left on device')
  expect(answer({ flushes: 'a\n' }, 124).flushes.trouble).toBeUndefined()
})

test('which listeners were lent, and what kept the others', () => {
  const good = answer({
    lent: 'Listening on 198.18.0.11:2379 as 3.\nListening on [2001:db8::1]:2380 as 4.\n',
  })
  expect(good.lent).toEqual(['198.18.0.11:2379', '[2001:db8::1]:2380'])
  expect(good.lendingTrouble).toBeUndefined()
  const bad = answer({ lent: 'Failed to listen on 198.18.0.11:2379: Cannot assign requested address\n' })
  expect(bad.lent).toEqual([])
  expect(bad.lendingTrouble).toContain('Cannot assign requested address')
})

test('a resolved name is each address once', () => {
  const text = '198.18.0.5      STREAM lb\n198.18.0.5      DGRAM  \n2001:db8::5     STREAM \n'
  expect(answer({ resolve: text }).resolved).toEqual({
    addresses: ['198.18.0.5', '2001:db8::5'],
    exitCode: 0,
  })
})
