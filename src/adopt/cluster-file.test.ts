import { beforeAll, expect, test } from 'vitest'
import { renderClusterFile } from '../spec/init.ts'
import { parseClusterFile } from '../spec/parse.ts'
import { draftClusterFile } from './cluster-file.ts'
import { differencesOf } from './differences.ts'
import { type Member, areMembers } from './member.ts'
import { settingsOf } from './settings.ts'
import { type Authority, member, testAuthority, threeMembers } from './testing.ts'

let ca: Authority
beforeAll(async () => {
  ca = await testAuthority()
})

const wishes = {
  name: 'prod',
  ssh: { user: 'admin' },
  authority: { host: { name: 'etcd1', certificate: '/etc/pki/ca.crt', key: '/etc/pki/ca.key' } },
  source: undefined,
} as const

/** Like the operation does it: drafted, written, read back. */
function adopted(members: readonly Member[]) {
  if (!areMembers(members)) throw new TypeError('at least one')
  const { content, remarks } = draftClusterFile(members, wishes)
  const { cluster, problems } = parseClusterFile(renderClusterFile(content), '/x/cluster.yaml')
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  if (cluster === undefined) throw new TypeError('no cluster')
  const lines = [...remarks, ...differencesOf(cluster, members)]
  return { cluster, lines: lines.map(({ host, message }) => `${host ?? 'all'}: ${message}`) }
}

test('what the file says is what runs', async () => {
  const members = await threeMembers(ca)
  const { cluster, lines } = adopted(members)
  expect(cluster.nodes.map(({ name, address, roles }) => [name, address, roles])).toEqual([
    ['etcd1', '10.0.0.1', ['etcd']],
    ['etcd2', '10.0.0.2', ['etcd']],
    ['etcd3', '10.0.0.3', ['etcd']],
  ])
  expect(cluster.pki).toMatchObject({ layout: 'single', algorithm: 'ecdsa-p256', days: 365 })
  expect(cluster.etcd).toMatchObject({
    version: '3.5.16',
    dataDirectory: '/var/lib/etcd',
    walDirectory: '/var/lib/etcd/member/wal',
    clientPort: 2379,
    localPlaintext: false,
    enableV2: false,
    metrics: 'clients',
    settings: { 'auto-compaction-retention': '0' },
  })
  expect(cluster.packages).toEqual([])
  expect(lines).toEqual([expect.stringMatching(/^all: .*: CN=etcd-ca$/)])
})

test("a name in etcd that no node can have is kept in addition to the node's; an impossible one is reported", async () => {
  const [one, ...others] = await threeMembers(ca)
  if (one === undefined) throw new TypeError('one')
  const named = { ...one, name: 'etcd-10-0-0-1', listed: { ...one.listed, etcdName: 'etcd-10.0.0.1' } }
  const kept = adopted([named, ...others])
  expect(kept.cluster.nodes.map(({ name, etcdName }) => [name, etcdName])).toEqual([
    ['etcd-10-0-0-1', 'etcd-10.0.0.1'],
    ['etcd2', undefined],
    ['etcd3', undefined],
  ])
  expect(kept.lines).toContainEqual(expect.stringMatching(/^etcd-10-0-0-1: .*etcd-10\.0\.0\.1.*etcdName/))
  const lost = adopted([{ ...named, nameLost: '2 members have it' }, ...others])
  expect(lost.cluster.nodes[0]).not.toHaveProperty('etcdName')
  expect(lost.lines.join('\n')).toContain('2 members have it')
})

test('settings: free ones are taken, unknown and reserved ones are reported', async () => {
  const members = (await threeMembers(ca)).map((one) => ({
    ...one,
    settings: {
      ...one.settings,
      'snapshot-count': '5000',
      'auto-compaction-retention': '8',
      'no-such-setting': 'hush',
      'log-outputs': '/var/log/etcd.log',
      'enable-log-rotation': 'true',
      'strict-reconfig-check': 'false',
      proxy: 'off',
      'initial-cluster-token': 'k8s_etcd',
      'listen-metrics-urls': 'http://0.0.0.0:2381',
    },
  }))
  const { cluster, lines } = adopted(members)
  expect(cluster.etcd.settings).toEqual({
    'snapshot-count': '5000',
    'auto-compaction-retention': '8',
    'listen-metrics-urls': 'http://0.0.0.0:2381',
  })
  expect(cluster.etcd.metrics).toBe('local')
  expect(lines.join('\n')).toMatch(/^all: ETCD_NO_SUCH_SETTING .*etcd 3\.5\.16,/m)
  expect(lines.join('\n')).not.toContain('hush')
  expect(lines.join('\n')).toMatch(/^all: .* \/var\/log\/etcd\.log /m)
  expect(lines.join('\n')).toContain('all: ETCD_STRICT_RECONFIG_CHECK=false ')
  expect(lines.join('\n')).not.toContain(':2381')
  expect(lines.join('\n')).not.toContain('PROXY')
})

/** Members whose processes were started with this environment, which their settings come from. */
async function started(environment: Readonly<Record<string, string>>, dropIns: readonly string[] = []) {
  return (await threeMembers(ca)).map((one) => {
    const { unit } = one.process
    const process = { ...one.process, environment, unit: unit && { ...unit, dropIns } }
    return { ...one, process, settings: { ...one.settings, ...settingsOf(process, one.version) } }
  })
}

test.each(['True', 'TRUE', 't', '1'])('the v2 API that ETCD_ENABLE_V2=%s serves stays', async (value) => {
  const { cluster, lines } = adopted(await started({ ETCD_ENABLE_V2: value }))
  expect(cluster.etcd.enableV2).toBe(true)
  expect(lines).toEqual([expect.stringMatching(/^all: .*: CN=etcd-ca$/)])
})

test.each(['False', 'f', '0'])('nothing is lost with ETCD_AUTO_TLS=%s and the like', async (value) => {
  const environment = { ETCD_AUTO_TLS: value, ETCD_PEER_AUTO_TLS: value, ETCD_STRICT_RECONFIG_CHECK: 'T' }
  const { lines } = adopted(await started(environment))
  expect(lines).toEqual([expect.stringMatching(/^all: .*: CN=etcd-ca$/)])
})

test('auto-tls with certificate files is only a remark', async () => {
  const { lines } = adopted(await started({ ETCD_AUTO_TLS: 'true' }))
  expect(lines).toEqual([
    expect.stringMatching(/^all: ETCD_AUTO_TLS=true /),
    expect.stringMatching(/^all: .*: CN=etcd-ca$/),
  ])
})

test('values are written as the cluster file takes them', async () => {
  const environment = {
    ETCD_HEARTBEAT_INTERVAL: '0x64',
    ETCD_ELECTION_TIMEOUT: '1_000',
    ETCD_SNAPSHOT_COUNT: '010',
  }
  const { cluster } = adopted(await started(environment))
  expect(cluster.etcd.settings).toMatchObject({
    'heartbeat-interval': '100',
    'election-timeout': '1000',
    'snapshot-count': '8',
  })
})

test("variables that are not etcd's are named, and values that may be secret are not shown", async () => {
  const environment = { GOGC: '50', https_proxy: 'http://anna:hush@proxy:3128', HOME: '/root', LANG: 'C' }
  const { lines } = adopted(await started(environment))
  expect(lines.join('\n')).toContain('all: GOGC=50 ')
  expect(lines.join('\n')).toContain('all: https_proxy ')
  expect(lines.join('\n')).not.toMatch(/hush|HOME|LANG|drop-in/)
  const withDropIn = adopted(await started(environment, ['/etc/systemd/system/etcd.service.d/gc.conf']))
  expect(withDropIn.lines.join('\n')).toMatch(/GOGC=50 .*drop-in/)
})

test('what etcd passes over is named, and is not in the file', async () => {
  const members = (await threeMembers(ca)).map((one): Member => ({
    ...one,
    passedOver: [
      { name: 'ETCD_HEARTBEAT_INTERVAL', source: 'environment', because: 'file' },
      { name: 'cert-file', source: 'file', because: 'unknown' },
    ],
  }))
  const { lines } = adopted(members)
  expect(lines.join('\n')).toMatch(/: ETCD_HEARTBEAT_INTERVAL$/m)
  expect(lines.join('\n')).toMatch(/ etcd 3\.5\.16 .*: cert-file$/m)
})

async function listening(urls: (address: string) => Record<string, string>) {
  const members = await threeMembers(ca)
  return adopted(
    members.map((one) => {
      const address = one.listed.peerUrls[0]?.replace(/^https?:\/\/(.*):\d+$/, '$1') ?? ''
      return { ...one, settings: { ...one.settings, ...urls(address) } }
    }),
  )
}

test("metrics and http at other addresses stay where the file can have them, at each node's own address", async () => {
  const kept = await listening((address) => ({
    'listen-metrics-urls': `http://${address}:2381`,
    'listen-client-http-urls': `https://${address}:2384`,
  }))
  expect(kept.cluster.etcd.settings).toMatchObject({
    'listen-metrics-urls': 'http://{address}:2381',
    'listen-client-http-urls': 'https://{address}:2384',
  })
  expect(kept.lines.join('\n')).not.toMatch(/:238[14]/)
  const open = await listening(() => ({
    'listen-metrics-urls': 'http://127.0.0.1:2381',
    'listen-client-http-urls': 'http://0.0.0.0:2384',
  }))
  expect(open.cluster.etcd.settings).not.toHaveProperty('listen-metrics-urls')
  expect(open.cluster.etcd.settings).not.toHaveProperty('listen-client-http-urls')
  expect(open.lines.join('\n')).toContain(' http://0.0.0.0:2384,')
  const port = await listening(() => ({ 'listen-metrics-urls': 'http://0.0.0.0:2379' }))
  expect(port.lines.join('\n')).toContain(' http://0.0.0.0:2379;')
})

async function withGates(gates: string) {
  const settings = { 'feature-gates': gates }
  const members = await threeMembers(ca)
  return adopted(
    members.map((one) => ({ ...one, version: '3.6.16', settings: { ...one.settings, ...settings } })),
  )
}

test('feature gates are taken, but for the one that quorate keeps on', async () => {
  const off = await withGates('CompactHashCheck=true,InitialCorruptCheck=false')
  expect(off.cluster.etcd.settings).toMatchObject({ 'feature-gates': 'CompactHashCheck=true' })
  expect(off.lines.join('\n')).toContain('all: InitialCorruptCheck=false ')
  const on = await withGates('InitialCorruptCheck=true')
  expect(on.cluster.etcd.settings).not.toHaveProperty('feature-gates')
  expect(on.lines.join('\n')).not.toContain('InitialCorruptCheck')
})

test.each([
  ['etcd.log', undefined],
  ['stderr,/var/log/etcd.log', undefined],
  ['stdout', 'stdout'],
])('logs that go to %s today: the file has %s', async (outputs, kept) => {
  const members = await threeMembers(ca)
  const { cluster, lines } = adopted(
    members.map((one) => ({ ...one, settings: { ...one.settings, 'log-outputs': outputs } })),
  )
  expect(cluster.etcd.settings['log-outputs']).toBe(kept)
  expect(lines.join('\n').includes(` ${outputs} `)).toBe(kept === undefined)
})

test("a setting that differs between members is reported, with each member's value", async () => {
  const { cluster, lines } = adopted(await threeMembers(ca, { settings: { 'heartbeat-interval': '300' } }))
  expect(cluster.etcd.settings).not.toHaveProperty('heartbeat-interval')
  expect(lines.join('\n')).toContain('etcd2: 300')
})

test('plaintext on loopback and the v2 API stay', async () => {
  const members = (await threeMembers(ca)).map((one) => ({
    ...one,
    settings: {
      ...one.settings,
      'listen-client-urls': `https://${one.listed.peerUrls[0]?.slice(8, -5)}:2379,http://127.0.0.1:2379`,
      'enable-v2': 'true',
    },
  }))
  const { cluster, lines } = adopted(members)
  expect(cluster.etcd).toMatchObject({ localPlaintext: true, enableV2: true })
  expect(lines.join('\n')).not.toContain('http://')
})

async function plain(version: string): Promise<readonly Member[]> {
  return (await threeMembers(ca)).map((one) => ({
    ...one,
    version,
    settings: {
      name: one.name,
      'data-dir': '/var/lib/etcd',
      'listen-client-urls': `http://${one.destination.host}:2379,http://127.0.0.1:2379`,
    },
    files: { ...one.files, server: undefined, peer: undefined, clientCa: undefined, peerCa: undefined },
    listed: { ...one.listed, peerUrls: [`http://${one.destination.host}:2380`] },
  }))
}

test('a cluster without TLS keeps serving http, and the steps to TLS are reported', async () => {
  const { cluster, lines } = adopted(await plain('3.5.16'))
  expect(cluster.etcd).toMatchObject({ plaintextClients: true, localPlaintext: false, clientPort: 2379 })
  const text = lines.join('\n')
  expect(text).toMatch(/^all: peers .*TLS/m)
  expect(text).toMatch(/TLS, .* https .*etcd\.plaintextClients/)
  expect(text).not.toContain('http://')
  // It doesn't reliably serve both on one port.
  expect(adopted(await plain('3.4.23')).lines.join('\n')).toMatch(/etcd\.plaintextClients .*etcd 3\.4\.23 /)
})

test('3.3 serves the v2 API by default', async () => {
  const old = (await threeMembers(ca)).map((one) => ({ ...one, version: '3.3.25' }))
  expect(adopted(old).cluster.etcd.enableV2).toBe(true)
  const off = old.map((one) => ({ ...one, settings: { ...one.settings, 'enable-v2': 'false' } }))
  expect(adopted(off).cluster.etcd.enableV2).toBe(false)
})

test('a plain listener for other machines is reported: its users would lose the connection', async () => {
  const listen = 'https://10.0.0.2:2379,https://127.0.0.1:2379,http://10.0.0.2:4001'
  const { lines } = adopted(await threeMembers(ca, { settings: { 'listen-client-urls': listen } }))
  expect(lines.join('\n')).toMatch(/^etcd2: .* http:\/\/10\.0\.0\.2:4001 /m)
})

test('names in one certificate belong to that node; those in several are reported', async () => {
  const shared = { dns: ['etcd1', 'etcd2', 'lb.example.org'], ips: ['10.0.0.1', '10.0.0.2', '127.0.0.1'] }
  const own = { dns: [...shared.dns, 'one.example.org'], ips: [...shared.ips, '192.168.0.1'] }
  const [first, second] = await Promise.all([ca.issue(own), ca.issue(shared)])
  const members = [
    member({ name: 'etcd1', address: '10.0.0.1', certificate: first, ca: ca.pem }),
    member({ name: 'etcd2', address: '10.0.0.2', certificate: second, ca: ca.pem }),
  ]
  const { cluster, lines } = adopted(members)
  expect(cluster.nodes.map(({ addresses, names }) => [addresses, names])).toEqual([
    [['192.168.0.1'], ['one.example.org']],
    [[], []],
  ])
  expect(lines.filter((line) => line.includes(' lb.example.org.'))).toHaveLength(1)
  expect(lines.join('\n')).not.toContain('one.example.org')
})

test('a certificate that lives too long does not become the habit', async () => {
  const certificate = await ca.issue({ dns: ['etcd1'], ips: ['10.0.0.1'] }, 3000)
  const members = [member({ name: 'etcd1', address: '10.0.0.1', certificate, ca: ca.pem })]
  const { cluster, lines } = adopted(members)
  expect(cluster.pki.days).toBe(365)
  expect(lines.join('\n')).toContain('valid for 3000 days today')
})

test('how it is run: what apply will refuse is said beforehand', async () => {
  const pod = await threeMembers(ca, { facts: { manifest: '/etc/kubernetes/manifests/etcd.yaml' } })
  expect(adopted(pod).lines.join('\n')).toMatch(/^etcd2: .*kubelet/m)
  const unit = {
    name: 'etcd-member.service',
    path: '/etc/systemd/system/etcd-member.service',
    text: '',
    enabled: true,
    dropIns: [],
  }
  expect(adopted(await threeMembers(ca, { process: { unit } })).lines.join('\n')).toContain(
    'run by etcd-member.service',
  )
  const box = await threeMembers(ca, { process: { unit: undefined, container: true } })
  expect(adopted(box).lines.join('\n')).toMatch(/^etcd2: .*container: apply /m)
})

test('a machine that is reached by another name, or as another user, is written so', async () => {
  const [one, two, three] = await threeMembers(ca)
  if (!one || !two || !three) throw new TypeError('three')
  const alias = { ...two, destination: { host: 'db-two', user: 'root' } }
  const { cluster } = adopted([one, alias, three])
  expect(cluster.nodes.map(({ ssh }) => [ssh.host, ssh.user])).toEqual([
    ['10.0.0.1', 'admin'],
    ['db-two', 'root'],
    ['10.0.0.3', 'admin'],
  ])
})

test('a second etcd on a machine is left its ports, and named with the program that both run', async () => {
  const [first, ...rest] = await threeMembers(ca, {})
  if (first === undefined) throw new TypeError('one')
  const unit = { name: 'etcd-events.service', path: '', text: '', enabled: true, dropIns: [] }
  const environment = { ETCD_LISTEN_CLIENT_URLS: 'https://10.0.0.1:2381,https://127.0.0.1:2381' }
  const other = { ...first.process, pid: 8, environment, unit }
  const settings = { ...first.settings, 'listen-metrics-urls': 'http://10.0.0.1:81' }
  const facts = { ...first.facts, processes: [first.process, other] }
  const alone = adopted([{ ...first, settings }, ...rest])
  expect(alone.cluster.etcd.metrics).toBe('local')
  const { cluster, lines } = adopted([{ ...first, settings, facts }, ...rest])
  expect(cluster.etcd.metrics).toBe('clients')
  expect(lines).toContainEqual(expect.stringMatching(/^etcd1: .*: process 8 \(etcd-events\.service\)$/))
  expect(lines).toContainEqual(
    expect.stringMatching(/^etcd1: process 8 \(etcd-events\.service\) .* \/usr\/local\/bin\/etcd: /),
  )
})
