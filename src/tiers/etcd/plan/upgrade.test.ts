import { expect, test } from 'vitest'
import { PATHS } from '../../../host/state.ts'
import type { ApplyIntent } from './intent.ts'
import { next } from './next.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import { memberFiles } from './member-files.ts'
import type { Step } from '../steps/steps.ts'
import {
  demanding,
  CLUSTER_ID,
  TOKEN,
  glance,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withMember,
} from './testing.ts'

const OLD = testCluster({}, { version: '3.4.23' })
const NEW = testCluster({}, { version: '3.5.16' })
const settled = { ...settledWorld(OLD), cluster: healthyCluster(OLD, { leader: 'etcd02' }) }

function upgradeTo(cluster = NEW, changes: Partial<NonNullable<ApplyIntent['upgrade']>> = {}): ApplyIntent {
  return { ...testIntent(cluster), upgrade: { canarySeconds: 10, back: false, ...changes } }
}

/** These members run the new version, the others the old one. */
function upgraded(hosts: readonly string[], changes: Partial<ClusterFacts> = {}): Observed {
  const done = settledWorld(NEW)
  const worlds = hosts.reduce<Observed>(
    (world, host) => ({ ...world, hosts: { ...world.hosts, [host]: done.hosts[host]! } }),
    settled,
  )
  const versions = { etcd01: '3.4.23', etcd02: '3.4.23', etcd03: '3.4.23' }
  const now = Object.fromEntries(hosts.map((host) => [host, '3.5.16']))
  const cluster = healthyCluster(OLD, { leader: 'etcd02', versions: { ...versions, ...now }, ...changes })
  return { ...worlds, cluster }
}

const kinds = (steps: readonly Step[]) => steps.map(({ kind, host }) => (host ? `${host} ${kind}` : kind))

test('one member per stage: a follower first, which is watched; the leader last, its leadership moved', () => {
  const { waves, blocked } = plan(upgradeTo(), settled)
  expect(blocked).toEqual([])
  expect(waves.map(kinds)).toEqual([
    ['compare', 'etcd01 binaries', 'etcd01 file', 'etcd01 restart'],
    ['canary'],
    ['compare', 'etcd03 binaries', 'etcd03 file', 'etcd03 restart'],
    ['compare', 'move-leader'],
    ['compare', 'etcd02 binaries', 'etcd02 file', 'etcd02 restart'],
  ])
})

test('a patch that changes no setting restarts all the same', () => {
  const patch = testCluster({}, { version: '3.4.24' })
  const waves = plan(upgradeTo(patch), settled).waves.map(kinds)
  expect(waves[0]).toEqual(['compare', 'etcd01 binaries', 'etcd01 restart'])
  expect(waves.flat().filter((step) => step.endsWith('restart'))).toHaveLength(3)
})

test('no member finds the new binary in its place before its turn', () => {
  const hosts = new Set(stepsOf(next(upgradeTo(), settled)).flatMap(({ host }) => host ?? []))
  expect([...hosts]).toEqual(['etcd01'])
})

test('half-way: those that are done stay, the canary is watched again, then it continues', () => {
  const half = upgraded(['etcd03'])
  expect(kinds(stepsOf(next(upgradeTo(), half)))).toEqual(['canary'])
  const watched = upgraded(['etcd03'], { verified: true })
  expect(kinds(stepsOf(next(upgradeTo(), watched)))).toContain('etcd01 restart')
  expect(next(upgradeTo(), upgraded(['etcd01', 'etcd02', 'etcd03']))).toEqual({ kind: 'done' })
})

test('the binary is there, the process is the old one: cut off between the two', () => {
  const binary = { sha256: 'bb', version: '3.5.16' }
  const cut = withMember(settled, 'etcd01', { binaries: { etcd: binary, etcdctl: binary } })
  expect(kinds(stepsOf(next(upgradeTo(), cut)))).toEqual(['compare', 'etcd01 file', 'etcd01 restart'])
})

test('a member that was stopped in its turn is started first, with the new version', () => {
  const down = withMember(upgraded([]), 'etcd01', stopped)
  const problems = ['etcd01 is down']
  const versions = { etcd02: '3.4.23', etcd03: '3.4.23' }
  const world = {
    ...down,
    cluster: healthyCluster(OLD, { problems, versions, healthy: ['etcd02', 'etcd03'] }),
  }
  const { waves } = plan(upgradeTo(), world)
  expect(waves.slice(0, 2).map(kinds)).toEqual([
    ['etcd01 binaries', 'etcd01 file'],
    ['etcd01 start', 'etcd01 ready'],
  ])
})

test('an unhealthy member is waited for during the upgrade, and goes first during the rollback', () => {
  const problems = ['etcd01 is not read']
  const sick = upgraded(['etcd01'], { healthy: ['etcd02', 'etcd03'], problems })
  expect(kinds(stepsOf(next(upgradeTo(), sick)))).toEqual(['await-health'])
  const back = upgradeTo(OLD, { back: true, canarySeconds: 0 })
  expect(kinds(stepsOf(next(back, sick)))).toEqual(['etcd01 binaries', 'etcd01 file', 'etcd01 restart'])
})

test('the rollback touches only those that had left, and watches none', () => {
  const back = upgradeTo(OLD, { back: true, canarySeconds: 0 })
  const waves = plan(back, upgraded(['etcd01', 'etcd03'])).waves.map(kinds)
  expect(waves).toEqual([
    ['compare', 'etcd01 binaries', 'etcd01 file', 'etcd01 restart'],
    ['compare', 'etcd03 binaries', 'etcd03 file', 'etcd03 restart'],
  ])
})

test.each([
  ['nothing started', settled, NEW, /^upgrade: quorate upgrade --to 3\.5\.16; .* 3\.4\.23 /],
  [
    'half-way, the file as before',
    upgraded(['etcd01']),
    OLD,
    /: quorate upgrade --to 3\.5\.16; .*: quorate upgrade --abort$/,
  ],
  [
    'half-way, the file edited',
    upgraded(['etcd01']),
    NEW,
    /: quorate upgrade --to 3\.5\.16; .* 3\.4\.23 .*: quorate upgrade --abort$/,
  ],
  [
    'all done, the file as before',
    upgraded(['etcd01', 'etcd02', 'etcd03']),
    OLD,
    /^to write 3\.5\.16 .*: quorate upgrade --to 3\.5\.16; .*: quorate upgrade --abort$/,
  ],
])('apply never changes the version itself, and says what to type: %s', (_how, world, cluster, hint) => {
  const reasons = reasonsOf(next(testIntent(cluster), world))
  expect(reasons.length).toBeGreaterThan(0)
  for (const reason of reasons)
    expect(reason).toMatchObject({ id: 'another-etcd-version', hint: expect.stringMatching(hint) })
})

test('apply sees a binary that was put in place for a member that still runs the old one', () => {
  const binary = { sha256: 'bb', version: '3.5.16' }
  const cut = withMember(settled, 'etcd01', { binaries: { etcd: binary, etcdctl: binary } })
  expect(reasonsOf(next(testIntent(OLD), cut))).toMatchObject([
    { host: 'etcd01', message: expect.stringContaining('3.4.23 runs and 3.5.16 is installed') },
  ])
})

test('the files are those of the new version', () => {
  const [first] = plan(upgradeTo(), settled).waves
  const file = first?.find((step) => step.kind === 'file')
  const node = NEW.nodes[0]!
  const established = { kind: 'established', token: TOKEN, clusterId: CLUSTER_ID, settled: true } as const
  const wanted = memberFiles(NEW, demanding(NEW, node), established, undefined)
  expect(file).toMatchObject({ content: wanted.find(({ path }) => path === PATHS.environment)?.content })
  expect(glance(first ?? [])).toContain(`etcd01 file ${PATHS.environment}`)
})
