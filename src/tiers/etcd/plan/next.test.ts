import { expect, test } from 'vitest'
import type { ServiceStep } from '../../../engine/service-steps.ts'
import type { Hosts, Tier } from '../../../engine/tier.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { next } from './next.ts'
import type { Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import {
  bareWorld,
  formingWorld,
  glance,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withEnvironment,
  withFile,
  withMember,
  withMembers,
} from './testing.ts'

const cluster = testCluster({ packages: ['curl'] })
const intent = testIntent(cluster)
const settled = settledWorld(cluster)
const steps = (observed: Observed, wanted = cluster) => stepsOf(next(testIntent(wanted), observed))
const reasons = (observed: Observed, wanted = cluster) => reasonsOf(next(testIntent(wanted), observed))

test('nothing to change', () => {
  expect(next(intent, settled)).toEqual({ kind: 'done' })
})

test('what is set up on a bare machine says what, where and why', () => {
  const all = steps(bareWorld(cluster))
  expect(all.find((step) => step.kind === 'binaries')).toMatchObject({
    host: 'etcd01',
    what: 'install etcd 3.5.16 (amd64)',
    why: expect.stringMatching(/^etcd .*; etcdctl /),
  })
  for (const step of all) expect(step).toMatchObject({ what: /./, why: /./, danger: 'none' })
})

test('a node without a role of etcd gets its packages and nothing else', () => {
  const worker = {
    ...cluster.nodes[0]!,
    name: 'worker01',
    address: '192.168.0.9',
    roles: ['worker' as const],
  }
  const wide = testCluster({ packages: ['curl'], nodes: [...cluster.nodes, worker] })
  const onWorker = glance(steps(bareWorld(wide), wide)).filter((step) => step.startsWith('worker01'))
  expect(onWorker).toEqual(['worker01 packages'])
})

// --- Manual changes are fixed, and no running member is touched. ---

const path = (key: string, change: object) => (member: MemberState) => ({
  paths: { ...member.paths, [key]: { ...member.paths[key]!, ...change } },
})
const user = (change: object) => (member: MemberState) => ({
  account: { ...member.account, user: { ...member.account.user!, ...change } },
})
const unit = (change: object) => (member: MemberState) => ({ unit: { ...member.unit, ...change } })

test.each<[string, Parameters<typeof withMember>[2], string[], string | RegExp]>([
  ['options edited', withEnvironment({ ETCD_LOGGER: 'capnslog' }), [`file ${PATHS.environment}`], 'differs'],
  ['options removed', withFile(PATHS.environment, undefined), [`file ${PATHS.environment}`], 'missing'],
  ['unit edited', withFile(PATHS.unit, '[Unit]\n'), [`file ${PATHS.unit}`, 'reload'], 'differs'],
  ['unit not read again', unit({ needsReload: true }), ['reload'], / differs .* systemd /],
  ['unit disabled', unit({ enabled: false }), ['enable'], / boot$/],
  ['pin removed', withFile(PATHS.clusterId, undefined), [`file ${PATHS.clusterId}`], 'missing'],
  ['pin damaged', withFile(PATHS.clusterId, 'x'), [`file ${PATHS.clusterId}`], 'differs'],
  ['shell changed', user({ shell: '/bin/bash' }), ['user'], / shell .* \/bin\/bash$/],
  [
    'group removed',
    ({ account }) => ({ account: { ...account, group: undefined } }),
    ['user'],
    /^group etcd /,
  ],
  [
    'etcdctl removed',
    ({ binaries }) => ({ binaries: { etcd: binaries['etcd']! } }),
    ['binaries'],
    'etcdctl is missing',
  ],
  [
    'etcd replaced',
    ({ binaries }) => ({ binaries: { ...binaries, etcd: { sha256: 'ff', version: undefined } } }),
    ['binaries'],
    /^etcd .* not .* quorate /,
  ],
  [
    'data folder open to all',
    path('/opt/etcd/data', { mode: '755' }),
    ['directory /opt/etcd/data'],
    'is etcd:etcd 755',
  ],
  [
    'options readable to all',
    path(PATHS.environment, { mode: '644' }),
    [`file ${PATHS.environment}`],
    / root:etcd 644, not root:etcd 640$/,
  ],
  [
    'key readable to all',
    path(`${PATHS.tls}/etcd.key`, { mode: '644' }),
    ['tls-modes'],
    '/etc/ssl/etcd/etcd.key is root:etcd 644',
  ],
  ['trust bundle edited', ({ tls }) => ({ tls: { ...tls, ca: 'more' } }), ['ca'], /^differs .* CAs /],
])('%s: put right without a restart', (_what, change, expected, why) => {
  const wave = steps(withMember(settled, 'etcd02', change))
  expect(glance(wave)).toEqual(expected.map((step) => `etcd02 ${step}`))
  expect(wave[0]?.why).toMatch(why)
  const { waves, blocked } = plan(intent, withMember(settled, 'etcd02', change))
  expect({ waves: waves.length, blocked }).toEqual({ waves: 1, blocked: [] })
})

test('a file step carries what stands there now, for the diff', () => {
  const [step] = steps(withMember(settled, 'etcd02', withFile(PATHS.unit, '[Unit]\n')))
  expect(step).toMatchObject({ kind: 'file', before: '[Unit]\n', owner: 'root', group: 'root', mode: '644' })
})

test('a missing package is installed again', () => {
  const host = { ...settled.hosts['etcd03']!, packages: [] }
  const wave = steps({ ...settled, hosts: { ...settled.hosts, etcd03: host } })
  expect(wave).toMatchObject([{ kind: 'packages', host: 'etcd03', packages: ['curl'] }])
})

test("drop-ins of an operator's own are left alone", () => {
  const dropIns = ['/etc/systemd/system/etcd.service.d/slice.conf']
  expect(next(intent, withMember(settled, 'etcd01', unit({ dropIns })))).toEqual({ kind: 'done' })
})

test('a stopped member of an established cluster is started, as `existing`', () => {
  const down = withMember(settled, 'etcd02', stopped)
  const facts = healthyCluster(cluster, { healthy: ['etcd01', 'etcd03'], problems: ['etcd02 is down'] })
  expect(glance(steps({ ...down, cluster: facts }))).toEqual(['etcd02 start', 'etcd02 ready'])
  expect(down.hosts['etcd02']?.member?.contents[PATHS.environment]).toContain(
    'ETCD_INITIAL_CLUSTER_STATE=existing',
  )
})

test('an options file that says `new` on a pinned member is put right before its start', () => {
  const down = withMember(settled, 'etcd02', stopped)
  const wrong = withMember(down, 'etcd02', withEnvironment({ ETCD_INITIAL_CLUSTER_STATE: 'new' }))
  const { waves } = plan(intent, wrong)
  expect(waves.map(glance)).toEqual([[`etcd02 file ${PATHS.environment}`], ['etcd02 start', 'etcd02 ready']])
})

test('members that all run but are not well are waited for', () => {
  const facts = healthyCluster(cluster, { problems: ['etcd03 knows of no leader'] })
  expect(steps({ ...settled, cluster: facts })).toMatchObject([
    { kind: 'await-health', why: 'etcd03 knows of no leader' },
  ])
  expect(steps({ ...settled, cluster: undefined })).toMatchObject([{ kind: 'await-health', why: /./ }])
})

test('nothing is pinned before it was verified', () => {
  expect(glance(steps(formingWorld(cluster)))).toEqual(['verify'])
  const verified = { ...formingWorld(cluster), cluster: healthyCluster(cluster, { verified: true }) }
  expect(glance(steps(verified))).toEqual(
    ['etcd01', 'etcd02', 'etcd03'].flatMap((host) => [
      `${host} file ${PATHS.clusterId}`,
      `${host} file ${PATHS.environment}`,
    ]),
  )
})

test('a tool that died while it pinned: the rest is pinned, whatever file was the last', () => {
  const verified = { ...formingWorld(cluster), cluster: healthyCluster(cluster, { verified: true }) }
  const wave = steps(verified)
  for (let count = 1; count < wave.length; count += 1) {
    let world: Observed = formingWorld(cluster)
    for (const step of wave.slice(0, count)) {
      if (step.kind === 'file') world = withMember(world, step.host, withFile(step.path, step.content))
    }
    expect(glance(steps(world))).toEqual(glance(wave.slice(count)))
  }
})

// --- Certificates. ---

const faulty = (
  observed: Observed,
  code: 'expired' | 'missing-name' | 'issuer' | 'key' | 'algorithm',
  name = 'etcd',
): Observed => ({
  ...observed,
  certificates: {
    ...observed.certificates,
    etcd02: { ...observed.certificates['etcd02'], [name]: [{ code, message: `is ${code}` }] },
  },
})

test.each([
  ['expired', true],
  ['missing-name', true],
  ['key', false],
  ['algorithm', false],
] as const)('a certificate that is %s: issued again without a restart; the key is kept: %s', (code, keep) => {
  const { waves, blocked } = plan(intent, faulty(settled, code))
  expect(waves.map(glance)).toEqual([['etcd02 key'], ['etcd02 certificates']])
  expect(waves[0]?.[0]).toMatchObject({ why: expect.stringMatching(new RegExp(` is ${code}$`)), keep })
  expect(blocked).toEqual([])
})

test('a request that waits already is not made again', () => {
  const [key] = steps(faulty(settled, 'expired'))
  if (key?.kind !== 'key') throw new TypeError('expected a key step')
  const pending = { etcd: { csr: 'waits', configuration: key.configuration } }
  const waiting = withMember(faulty(settled, 'expired'), 'etcd02', ({ tls }) => ({
    tls: { ...tls, pending },
  }))
  expect(glance(steps(waiting))).toEqual(['etcd02 certificates'])
})

test('a request for other names is made again', () => {
  const pending = { etcd: { csr: 'waits', configuration: 'other names' } }
  const waiting = withMember(faulty(settled, 'expired'), 'etcd02', ({ tls }) => ({
    tls: { ...tls, pending },
  }))
  expect(glance(steps(waiting))).toEqual(['etcd02 key'])
})

test('the key algorithm is part of the request', () => {
  const rsa = testCluster({ packages: ['curl'], pki: { ...cluster.pki, algorithm: 'rsa-2048' } })
  const keys = steps(bareWorld(rsa), rsa).filter((step) => step.kind === 'key')
  expect(keys).toHaveLength(3)
  expect(keys[0]).toMatchObject({ algorithm: 'rsa-2048' })
})

test('separate certificates: two keys, and both renewed together', () => {
  const separate = testCluster({ packages: ['curl'], pki: { ...cluster.pki, layout: 'separate' } })
  const names = steps(bareWorld(separate), separate).flatMap((step) =>
    step.kind === 'key' && step.host === 'etcd01' ? [step.name] : [],
  )
  expect(names).toEqual(['peer', 'server'])
  const { waves } = plan(testIntent(separate), faulty(settledWorld(separate), 'expired', 'peer'))
  expect(waves.map(glance)).toEqual([['etcd02 key', 'etcd02 key'], ['etcd02 certificates']])
  expect(waves[1]).toMatchObject([{ names: ['peer', 'server'] }])
})

test('`until: requests` prepares machines and keys, and neither signs nor starts', () => {
  const { waves, blocked } = plan(testIntent(cluster, 'requests'), bareWorld(cluster))
  expect(blocked).toEqual([])
  expect(waves).toHaveLength(1)
  const kinds = new Set(waves.flat().map((step) => step.kind))
  expect(kinds).toContain('key')
  for (const kind of ['certificates', 'authority', 'start'] as const) expect(kinds).not.toContain(kind)
})

test('localPlaintext: the loopback listens without TLS, the rest with it', () => {
  const plain = testCluster({}, { localPlaintext: true })
  const options = steps(bareWorld(plain), plain).find(
    (step) => step.kind === 'file' && step.path === PATHS.environment,
  )
  expect(options).toMatchObject({
    content: expect.stringContaining(
      'ETCD_LISTEN_CLIENT_URLS=https://192.168.0.1:2379,http://127.0.0.1:2379',
    ),
  })
})

// --- What would need a restart is refused before any change. ---

test('another setting on members that do not run is simply written', () => {
  const changed = testCluster({ packages: ['curl'] }, { settings: { 'heartbeat-interval': '200' } })
  const down = { ...withMembers(settled, stopped), cluster: undefined }
  expect(plan(testIntent(changed), down).blocked).toEqual([])
})

test.each([
  ['running', settled],
  ['stopped', { ...withMembers(settled, stopped), cluster: undefined }],
])('another version on members that are %s', (_how, world) => {
  const newer = testCluster({ packages: ['curl'] }, { version: '3.5.21' })
  expect(reasons(world, newer)).toHaveLength(3)
  expect(reasons(world, newer)[0]).toMatchObject({
    host: 'etcd01',
    id: 'another-etcd-version',
    message: expect.stringMatching(/^etcd 3\.5\.16 .* 3\.5\.21$/),
    hint: expect.stringMatching(/quorate upgrade --to 3\.5\.21; .*3\.5\.16 /),
  })
})

test('another version before the first start is simply installed', () => {
  const newer = testCluster({}, { version: '3.5.21' })
  const binary = { sha256: 'aa', version: '3.5.16' }
  const prepared = withMembers(bareWorld(newer), { binaries: { etcd: binary, etcdctl: binary } })
  expect(glance(steps(prepared, newer))).toContain('etcd02 binaries')
})

test('another CA under running members', () => {
  expect(reasons(faulty(settled, 'issuer'))).toMatchObject([
    {
      host: 'etcd02',
      id: 'certificate-of-another-ca',
    },
  ])
})

test('a CA that is too weak and that no node trusts yet', () => {
  const message = 'CN=old: SHA-1'
  const world = { ...settled, authority: { ...settled.authority, tooWeak: [message] } }
  expect(reasons(world)).toEqual([{ message, id: 'weak-ca', hint: expect.stringContaining('pki.authority') }])
})

test('a CA that is not here any more', () => {
  const lost = reasons({ ...settled, authority: { bundle: undefined } })
  expect(lost).toHaveLength(3)
  expect(lost[0]?.id).toBe('certificate-of-another-ca')
})

// --- flannel's network. ---

const network = { prefix: '/coreos.com/network', config: { Network: '10.5.0.0/16' }, v2: false }
const flannel = testCluster({ network })

test("flannel's network is written if there is none, and again if it differs", () => {
  expect(steps(settledWorld(flannel), flannel)).toMatchObject([{ kind: 'network', before: undefined }])
  const other = { v3: '{"Network":"10.6.0.0/16"}', v2: undefined, leases: [] }
  expect(steps({ ...settledWorld(flannel), network: other }, flannel)).toMatchObject([
    { kind: 'network', before: other.v3 },
  ])
  const same = { v3: '{"Network":"10.5.0.0/16"}', v2: undefined, leases: [] }
  expect(next(testIntent(flannel), { ...settledWorld(flannel), network: same })).toEqual({ kind: 'done' })
})

// --- Tiers that depend on etcd, and on each other. ---

/** Loads its service on etcd01 until it runs. */
function serviceTier(name: string, after: readonly string[]): Tier<ServiceStep> {
  const service = `${name}.service`
  const runs = (hosts: Hosts) => hosts['etcd01']?.services?.units[service]?.active === 'active'
  const load = {
    kind: 'service-load',
    host: 'etcd01',
    unit: service,
    reloads: false,
    danger: 'none',
  } as const
  return {
    name,
    after,
    packages: () => [],
    looks: () => [],
    ports: () => [],
    refusals: () => [],
    steps: (_cluster, hosts) =>
      runs(hosts) ? [] : [{ ...load, tier: name, what: 'load', why: 'it is off' }],
    settled: (_cluster, hosts) => runs(hosts),
    report: async () => await Promise.resolve(undefined),
  }
}

test('a tier is set up once those that it stands on are settled, and with etcd if it stands on none', () => {
  const beside = [
    serviceTier('proof', ['control-plane']),
    serviceTier('control-plane', ['etcd']),
    serviceTier('balancer', []),
  ]
  const { waves, blocked } = plan({ ...testIntent(cluster), beside }, bareWorld(cluster))
  expect(blocked).toEqual([])
  const loads = waves.map((wave) => wave.flatMap((step) => (step.kind === 'service-load' ? [step.tier] : [])))
  expect(loads[0]).toEqual(['balancer'])
  expect(loads.slice(1, -2).flat()).toEqual([])
  expect(loads.slice(-2)).toEqual([['control-plane'], ['proof']])
})

test('what a tier has found out is handed to it, and to no other', () => {
  const asked: [string, unknown][] = []
  const asking = (name: string): Tier<ServiceStep> => ({
    ...serviceTier(name, []),
    refusals: (_cluster, _hosts, facts) => {
      asked.push([name, facts])
      return []
    },
  })
  const beside = { first: { ready: true } }
  next(
    { ...testIntent(cluster), beside: [asking('first'), asking('second')] },
    { ...bareWorld(cluster), beside },
  )
  expect(asked).toEqual([
    ['first', { ready: true }],
    ['second', undefined],
  ])
})
