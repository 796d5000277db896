import { expect, test } from 'vitest'
import { descentOf } from '../facts/descent.ts'
import type { ApplyIntent } from './intent.ts'
import { next } from './next.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import type { Step } from '../steps/steps.ts'
import {
  bareWorld,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withMember,
} from './testing.ts'

const OLD = testCluster({}, { version: '3.5.35' })
const NEW = testCluster({}, { version: '3.6.16' })
const HOSTS = ['etcd01', 'etcd02', 'etcd03']

const all = (minor: string) => Object.fromEntries(HOSTS.map((host) => [host, minor]))

/** Every member runs 3.6, except those that are back on 3.5. */
function world(back: readonly string[], changes: Partial<ClusterFacts> = {}): Observed {
  const [older, newer] = [settledWorld(OLD), settledWorld(NEW)]
  const hosts = Object.fromEntries(
    HOSTS.map((host) => [host, (back.includes(host) ? older : newer).hosts[host]!]),
  )
  const versions = Object.fromEntries(HOSTS.map((host) => [host, back.includes(host) ? '3.5.35' : '3.6.16']))
  const cluster = healthyCluster(NEW, { leader: 'etcd02', versions, storage: all('3.6'), ...changes })
  return { ...newer, hosts, cluster }
}

function permit(cluster = OLD, changes: Partial<NonNullable<ApplyIntent['upgrade']>> = {}): ApplyIntent {
  return { ...testIntent(cluster), upgrade: { canarySeconds: 10, back: false, ...changes } }
}

const back = (cluster = OLD) => permit(cluster, { canarySeconds: 0, back: true, cancels: true })
const kinds = (steps: readonly Step[]) => steps.map(({ kind, host }) => (host ? `${host} ${kind}` : kind))
const enabled = (changes: Partial<ClusterFacts> = {}) => ({
  downgrade: '3.5',
  storage: all('3.5'),
  ...changes,
})

test('enabled, waited for, and only then one member per stage, a follower first, the leader last', () => {
  const { waves, blocked } = plan(permit(), world([]))
  expect(blocked).toEqual([])
  expect(waves.map(kinds)).toEqual([
    ['downgrade-enable', 'downgrade-await'],
    ['compare', 'etcd01 binaries', 'etcd01 file', 'etcd01 restart'],
    ['canary'],
    ['compare', 'etcd03 binaries', 'etcd03 file', 'etcd03 restart'],
    ['compare', 'move-leader'],
    ['compare', 'etcd02 binaries', 'etcd02 file', 'etcd02 restart'],
  ])
})

test('killed behind what etcd was asked: what is enabled is not enabled again, and all data has to be converted', () => {
  const half = world([], enabled({ storage: { ...all('3.5'), etcd03: '3.6' } }))
  expect(kinds(stepsOf(next(permit(), half)))).toEqual(['downgrade-await'])
  expect(kinds(stepsOf(next(permit(), world([], enabled({ storage: {} })))))).toEqual(['downgrade-await'])
  expect(kinds(stepsOf(next(permit(), world([], enabled()))))).toContain('etcd01 restart')
})

test('half-way down it continues; a member of 3.5 reports nothing about its data', () => {
  const storage = { etcd02: '3.5', etcd03: '3.5' }
  const half = world(['etcd01'], enabled({ storage, verified: true }))
  expect(kinds(stepsOf(next(permit(), half)))).toContain('etcd03 restart')
})

test('an upgrade that not all have made goes back without asking etcd', () => {
  const half = world(['etcd01', 'etcd02'], { storage: { etcd03: '3.5' } })
  expect(descentOf({ cluster: OLD }, half)).toEqual({ kind: 'simple' })
  expect(kinds(plan(back(), half).waves.flat())).toEqual([
    'compare',
    'etcd03 binaries',
    'etcd03 file',
    'etcd03 restart',
  ])
})

test('a rollback that starts when every member is up is a downgrade', () => {
  expect(kinds(stepsOf(next(back(), world([]))))).toEqual(['downgrade-enable', 'downgrade-await'])
})

test('a downgrade that is rolled back: members first, then it is canceled, so that a killed run can continue', () => {
  const half = world(['etcd01'], enabled({ storage: { etcd02: '3.5', etcd03: '3.5' } }))
  expect(plan(back(NEW), half).waves.map(kinds)).toEqual([
    ['compare', 'etcd01 binaries', 'etcd01 file', 'etcd01 restart'],
    ['downgrade-cancel'],
  ])
  expect(plan(back(NEW), world([], enabled())).waves.map(kinds)).toEqual([['downgrade-cancel']])
  expect(next(back(NEW), world([]))).toEqual({ kind: 'done' })
})

test('a stopped member is started with what it has, to convert its data; an older binary would not help', () => {
  const down = withMember(world([]), 'etcd01', stopped)
  const { etcd01: _, ...versions } = all('3.6.16')
  const facts = { versions, problems: ['etcd01 is down'], healthy: ['etcd02', 'etcd03'] }
  for (const changes of [facts, enabled(facts)]) {
    const seen = { ...down, cluster: { ...world([], changes).cluster! } }
    for (const intent of [permit(), back()])
      expect(kinds(stepsOf(next(intent, seen)))).toEqual(['etcd01 start', 'etcd01 ready'])
  }
  const sick = world([], enabled({ healthy: ['etcd02', 'etcd03'], problems: ['etcd01 answers nothing'] }))
  expect(kinds(stepsOf(next(back(), sick)))).toEqual(['await-health'])
})

test('a node without data takes the version of the file, whatever an older cluster left there', () => {
  const binary = { sha256: 'bb', version: '3.6.16' }
  const bare = HOSTS.reduce(
    (seen, host) => withMember(seen, host, { binaries: { etcd: binary, etcdctl: binary } }),
    bareWorld(OLD),
  )
  const installed = stepsOf(next(testIntent(OLD), bare)).filter(({ kind }) => kind === 'binaries')
  expect(installed.map(({ host }) => host)).toEqual(HOSTS)
})

test.each([
  [
    'apply, with nothing else to do',
    testIntent(NEW),
    'quorate upgrade --to 3.5.35',
    'quorate upgrade --abort',
  ],
  [
    'an upgrade',
    permit(testCluster({}, { version: '3.7.3' })),
    'upgrade --to 3.5.35',
    'etcdctl etcd01 -- downgrade',
  ],
  ['another patch', permit(testCluster({}, { version: '3.6.15' })), 'upgrade --to 3.5.35', 'upgrade --abort'],
])('while a downgrade is enabled it holds up %s', (_what, intent, finish, cancel) => {
  const [reason] = reasonsOf(next(intent, world([], enabled())))
  expect(reason).toMatchObject({
    id: 'downgrade-is-not-complete',
    message: expect.stringContaining(' 3.5 '),
  })
  expect(reason?.hint).toContain(finish)
  expect(reason?.hint).toContain(cancel)
})

test('apply half-way down names the commands to continue and to roll back', () => {
  const half = world(['etcd01'], enabled({ storage: { etcd02: '3.5', etcd03: '3.5' } }))
  const reasons = reasonsOf(next(testIntent(NEW), half))
  expect(reasons.length).toBeGreaterThan(1)
  for (const { hint } of reasons) {
    expect(hint).toContain('quorate upgrade --to 3.5.35')
    expect(hint).toContain('quorate upgrade --abort')
  }
})

test.each([
  ['3.5 and older', '3.4.45', settledWorld(OLD), 'restore'],
  ['two minors at once', '3.5.35', settledWorld(testCluster({}, { version: '3.7.3' })), 'first to 3.6'],
])('etcd can downgrade no cluster of %s', (_what, version, observed, hint) => {
  const [reason] = reasonsOf(next(permit(testCluster({}, { version })), observed))
  expect(reason?.hint).toContain(hint)
})

test.each([
  ['down', 'etcd01', enabled()],
  ['down', 'etcd03', enabled()],
  ['up', 'etcd03', { storage: {} }],
])(
  'on the way %s, with %s lost: out of the cluster with it first, and what goes on adds it again',
  (way, lost, changes) => {
    const half = world(['etcd01'], changes)
    const facts = half.cluster!
    const [wanted, file] = way === 'down' ? [OLD, NEW] : [NEW, OLD]
    const { [lost]: _, ...versions } = facts.versions
    const healthy = HOSTS.filter((host) => host !== lost)
    const gone = withMember({ ...half, cluster: { ...facts, versions, healthy } }, lost, (member) => ({
      ...stopped(member),
      dataPresent: false,
      walPresent: false,
    }))
    const id = facts.members.find(({ name }) => name === lost)!.id
    expect(reasonsOf(next(permit(wanted), gone))[0]?.hint).toContain(`quorate repair ${lost}`)
    for (const { hint } of reasonsOf(next({ ...testIntent(file), replace: { [lost]: id } }, gone))) {
      expect(hint).toContain(`quorate etcdctl ${healthy[0]} -- member remove ${id}`)
      expect(hint).toContain(`quorate upgrade --to ${wanted.etcd.version}`)
    }
    const members = facts.members.filter(({ name }) => name !== lost)
    const out = { ...gone, cluster: { ...gone.cluster!, members } }
    const { waves, blocked } = plan(permit(wanted), out)
    expect(blocked).toEqual([])
    expect(kinds(waves.flat())).toEqual(expect.arrayContaining(['member-add', `${lost} start`, 'promote']))
  },
)

function withoutLast(changes: Partial<ClusterFacts>): Observed {
  const { hosts, ...others } = world([], { healthy: ['etcd01', 'etcd02'], ...changes })
  const { etcd03: _, ...reached } = hosts
  return { ...others, hosts: reached }
}

test('a machine that is permanently down is removed once the downgrade is canceled, which needs only a quorum', () => {
  const file = { ...NEW, nodes: NEW.nodes.filter(({ name }) => name !== 'etcd03') }
  const [reason] = reasonsOf(next(testIntent(file), withoutLast(enabled())))
  expect(reason?.hint).toContain(': quorate etcdctl etcd01 -- downgrade cancel')
  expect(kinds(stepsOf(next(testIntent(file), withoutLast({}))))).toContain('member-remove')
})
