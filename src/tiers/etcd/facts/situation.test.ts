import { expect, test } from 'vitest'
import { renderEnvironmentFile } from '../../../etcd/environment-file.ts'
import { PATHS } from '../../../host/state.ts'
import type { Observed } from './observed.ts'
import { renderPin } from './pin.ts'
import { plan } from '../plan/plan.ts'
import { judgeSituation } from './situation.ts'
import {
  CLUSTER_ID,
  FRESH_TOKEN,
  TOKEN,
  bareWorld,
  formingWorld,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stopped,
  testCluster,
  testIntent,
  withEnvironment,
  withFile,
  withMember,
  withMembers,
} from '../plan/testing.ts'

const cluster = testCluster()
const judge = (observed: Observed, wanted = cluster) => judgeSituation(testIntent(wanted), observed)
const blocked = (observed: Observed, wanted = cluster) => reasonsOf(judge(observed, wanted))

const lostData = { dataPresent: false, walPresent: false }
const asleep = (observed: Observed): Observed => ({ ...withMembers(observed, stopped), cluster: undefined })
const pinOf = (clusterId: string, name = cluster.name) =>
  withFile(PATHS.clusterId, renderPin({ cluster: name, clusterId }))

test('bare machines: a new cluster with the fresh token', () => {
  expect(judge(bareWorld(cluster))).toEqual({ kind: 'new', token: FRESH_TOKEN })
})

test('a token that an interrupted run wrote, without data yet, is used again', () => {
  const written = withMember(
    bareWorld(cluster),
    'etcd02',
    withEnvironment({ ETCD_INITIAL_CLUSTER_TOKEN: TOKEN }),
  )
  expect(judge(written)).toEqual({ kind: 'new', token: TOKEN })
})

test('members that have started determine the token for the others', () => {
  const oneStarted = withMember(formingWorld(cluster), 'etcd02', { ...lostData, contents: {} })
  expect(judge(asleep(oneStarted))).toEqual({ kind: 'forming', token: TOKEN })
})

test('a process without data yet has started all the same', () => {
  const others = withMembers(bareWorld(cluster), withEnvironment({ ETCD_INITIAL_CLUSTER_TOKEN: 'sample-ff' }))
  const starting = withMember(others, 'etcd01', (member) => ({
    ...withFile(
      PATHS.environment,
      formingWorld(cluster).hosts['etcd01']?.member?.contents[PATHS.environment],
    )(member),
    unit: { ...member.unit, active: 'activating', path: PATHS.unit },
  }))
  expect(judge(starting)).toEqual({ kind: 'forming', token: TOKEN })
})

test('one pin makes the cluster established', () => {
  const world = withMember(formingWorld(cluster), 'etcd03', pinOf(CLUSTER_ID))
  expect(judge(world)).toMatchObject({ kind: 'established', token: TOKEN, clusterId: CLUSTER_ID })
})

test('established with no member running', () => {
  expect(judge(asleep(settledWorld(cluster)))).toMatchObject({ kind: 'established', clusterId: CLUSTER_ID })
})

test('a damaged cluster ID file does not matter while another member has a valid one', () => {
  const world = withMember(settledWorld(cluster), 'etcd01', withFile(PATHS.clusterId, 'cluster=sam'))
  expect(judge(world)).toMatchObject({ kind: 'established', clusterId: CLUSTER_ID })
})

test('a damaged pin everywhere: nothing says which cluster it was', () => {
  const reasons = blocked(withMembers(settledWorld(cluster), withFile(PATHS.clusterId, 'cluster-id=\n')))
  expect(reasons.map(({ host }) => host)).toEqual(['etcd01', 'etcd02', 'etcd03'])
  expect(reasons[0]).toMatchObject({
    id: 'cluster-id-file-is-missing',
    message: expect.stringContaining(PATHS.clusterId),
  })
  expect(reasons[0]?.hint).toContain("'cluster=sample'")
})

test.each([['removed'], ['edited']])(
  "an options file %s by hand does not make a pinned member a stranger's",
  (how) => {
    const other =
      how === 'edited' ? renderEnvironmentFile({ ETCD_INITIAL_CLUSTER_TOKEN: 'whose' }) : undefined
    const world = withMember(settledWorld(cluster), 'etcd01', withFile(PATHS.environment, other))
    expect(judge(world)).toMatchObject({ kind: 'established', token: TOKEN, clusterId: CLUSTER_ID })
  },
)

test('a token edited by hand on one member is outvoted', () => {
  const edited = withEnvironment({ ETCD_INITIAL_CLUSTER_TOKEN: 'sample-0badc0de' })
  expect(judge(withMember(settledWorld(cluster), 'etcd01', edited))).toMatchObject({ token: TOKEN })
})

// --- Belongs to something else. ---

test("data without quorate's token: another etcd's", () => {
  const [reason] = blocked(withMember(bareWorld(cluster), 'etcd02', { dataPresent: true }))
  expect(reason).toMatchObject({
    host: 'etcd02',
    id: 'data-of-another-cluster',
    message: expect.stringMatching(/ \/opt\/etcd\/data$/),
    hint: expect.stringContaining('quorate reset etcd02'),
  })
})

test("data with another cluster's token, even of a cluster whose name starts the same", () => {
  const token = 'sample-two-0123456789abcdef'
  const foreign = withMember(
    asleep(formingWorld(cluster)),
    'etcd03',
    withEnvironment({ ETCD_INITIAL_CLUSTER_TOKEN: token }),
  )
  expect(blocked(foreign)).toMatchObject([
    {
      id: 'data-of-another-cluster',
      host: 'etcd03',
      message: expect.stringContaining(`(token ${token})`),
    },
  ])
})

test("an etcd outside of quorate's unit", () => {
  const line = 'LISTEN 0 4096 127.0.0.1:2379 0.0.0.0:* users:(("etcd",pid=812,fd=7))'
  const [reason] = blocked(withMember(bareWorld(cluster), 'etcd01', { listening: [line] }))
  expect(reason).toMatchObject({
    id: 'port-in-use',
    host: 'etcd01',
    message: expect.stringMatching(/: etcd \(process 812\) .* 2379 or 2380$/),
  })
})

test('a port taken by something else', () => {
  const line = 'LISTEN 0 511 *:2379 *:* users:(("nginx",pid=99,fd=6))'
  const [reason] = blocked(withMember(bareWorld(cluster), 'etcd01', { listening: [line] }))
  expect(reason).toMatchObject({
    id: 'port-in-use',
    host: 'etcd01',
    message: expect.stringContaining('nginx (process 99)'),
  })
  expect(reason?.hint).toContain('etcd.clientPort')
})

test("an etcd of the distribution's unit", () => {
  const world = withMember(bareWorld(cluster), 'etcd01', ({ unit }) => ({
    unit: { ...unit, active: 'active', path: '/lib/systemd/system/etcd.service' },
  }))
  expect(blocked(world)).toMatchObject([
    {
      id: 'another-etcd-runs',
      host: 'etcd01',
      message: expect.stringContaining(' /lib/systemd/system/etcd.service'),
    },
  ])
})

test("another cluster's pin", () => {
  const world = withMember(asleep(settledWorld(cluster)), 'etcd02', pinOf('abc', 'production'))
  expect(blocked(world)).toMatchObject([
    {
      id: 'node-of-another-cluster',
      host: 'etcd02',
      message: expect.stringMatching(/'production' \(ID abc\), .*'sample'$/),
    },
  ])
})

// --- Not one cluster. ---

test('pins of different IDs', () => {
  const reasons = blocked(withMember(settledWorld(cluster), 'etcd03', pinOf('abc')))
  expect(new Set(reasons.map(({ id }) => id))).toEqual(new Set(['several-cluster-ids']))
  expect(reasons[0]?.host).toBeUndefined()
  expect(reasons.slice(1)).toContainEqual(
    expect.objectContaining({ host: 'etcd03', message: expect.stringMatching(/ abc$/) }),
  )
})

test('members that run under another ID than the pinned one', () => {
  const world = { ...settledWorld(cluster), cluster: healthyCluster(cluster, { id: 'abc' }) }
  expect(blocked(world)).toMatchObject([
    {
      id: 'another-cluster-id',
      message: expect.stringMatching(new RegExp(` abc, .* ${CLUSTER_ID}$`)),
    },
  ])
})

test('members started with different tokens', () => {
  const split = withMember(
    formingWorld(cluster),
    'etcd02',
    withEnvironment({ ETCD_INITIAL_CLUSTER_TOKEN: 'sample-ff' }),
  )
  const [reason] = blocked(asleep(split))
  expect(reason).toMatchObject({
    id: 'several-first-starts',
    message: expect.stringContaining(`(tokens ${TOKEN}, sample-ff)`),
  })
})

// --- Lost data. ---

test.each([
  ['both folders', lostData, '/opt/etcd/data and /opt/etcd/wal'],
  ['the data folder', { dataPresent: false }, '/opt/etcd/data'],
  ['the log', { walPresent: false }, '/opt/etcd/wal'],
])('a pinned member that lost %s is never started', (_what, lost, named) => {
  const [reason, ...others] = blocked(withMember(settledWorld(cluster), 'etcd02', lost))
  expect(others).toEqual([])
  expect(reason).toMatchObject({
    host: 'etcd02',
    id: 'data-is-missing',
    message: expect.stringMatching(new RegExp(`: ${named} \\(.* ${CLUSTER_ID};`)),
  })
})

test('data lost on every member: still no new cluster', () => {
  const reasons = blocked(withMembers(asleep(settledWorld(cluster)), lostData))
  expect(reasons.map(({ host }) => host)).toEqual(['etcd01', 'etcd02', 'etcd03'])
})

test('data and pin lost on one member: the others know it', () => {
  const lost = withMember(settledWorld(cluster), 'etcd02', { ...lostData, contents: {} })
  expect(blocked(lost)).toMatchObject([{ id: 'data-is-missing', host: 'etcd02' }])
})

test('data and cluster ID file lost on one member while none answers: not taken for a new one either', () => {
  const lost = withMember(asleep(settledWorld(cluster)), 'etcd02', { ...lostData, contents: {} })
  expect(judge(lost)).toMatchObject({ kind: 'established' })
  // The others are started, and asked.
  const { waves } = plan(testIntent(cluster), lost)
  expect(waves.flat().flatMap(({ kind, host }) => (kind === 'start' ? [host] : []))).toEqual([
    'etcd01',
    'etcd03',
  ])
})

test("data and pin lost, and only the options file says 'existing'", () => {
  const world = withMembers(asleep(settledWorld(cluster)), lostData)
  const reasons = blocked(withMembers(world, withFile(PATHS.clusterId, undefined)))
  expect(reasons).toHaveLength(3)
  expect(reasons[0]?.id).toBe('cluster-id-file-is-missing')
})

test('data directories that the cluster file has moved are not reported as lost', () => {
  const moved = testCluster({}, { dataDirectory: '/srv/etcd/data', walDirectory: '/srv/etcd/wal' })
  const [reason] = blocked(withMembers(settledWorld(cluster), lostData), moved)
  expect(reason).toMatchObject({
    id: 'changed-data-directories',
    message: expect.stringContaining('/opt/etcd/data and /opt/etcd/wal'),
    hint: expect.stringMatching(/ etcd\.dataDirectory .*etcd\.walDirectory /),
  })
})

test.each([
  ['everything', lostData, ': /opt/etcd/data and /opt/etcd/wal '],
  ['the log', { walPresent: false }, ': /opt/etcd/wal '],
])('%s lost while forming: etcd would refuse it, and so do we', (_what, lost, named) => {
  const [reason] = blocked(withMember(formingWorld(cluster), 'etcd03', lost))
  expect(reason?.message).toContain(named)
  expect(reason?.id).toBe('data-is-missing')
  expect(reason?.hint).toContain('quorate reset')
})

test('a member that never started is not a loss', () => {
  const world = withMember(formingWorld(cluster), 'etcd03', lostData)
  const members = healthyCluster(cluster).members.map((member) =>
    member.name === 'etcd03' ? { ...member, clientUrls: [] } : member,
  )
  expect(judge({ ...world, cluster: healthyCluster(cluster, { members }) })).toMatchObject({
    kind: 'forming',
  })
})

// --- Other members than the cluster file's. ---

const fourth = { ...cluster.nodes[0]!, name: 'etcd04', address: '192.168.0.4' }

test('members changed while forming', () => {
  const grown = testCluster({ nodes: [...cluster.nodes, fourth] })
  const world = asleep(formingWorld(cluster))
  const bare = bareWorld(grown).hosts['etcd04']!
  const [reason] = blocked({ ...world, hosts: { ...world.hosts, etcd04: bare } }, grown)
  expect(reason).toMatchObject({
    id: 'other-first-members',
    message: expect.stringMatching(/ \(etcd01=.*\) .*etcd04=/),
  })
})

test('an address changed while forming: it would be another cluster', () => {
  const [first, ...others] = cluster.nodes
  const moved = testCluster({ nodes: [{ ...first!, address: '192.168.0.9' }, ...others] })
  expect(blocked(asleep(formingWorld(cluster)), moved)[0]?.message).toContain(
    'etcd01=https://192.168.0.9:2380',
  )
})

test('most addresses changed while no member runs: the members would never find each other', () => {
  const [first, second, third] = cluster.nodes
  const moved = testCluster({
    nodes: [{ ...first!, address: '192.168.0.9' }, { ...second!, address: '192.168.0.8' }, third!],
  })
  expect(blocked(asleep(settledWorld(cluster)), moved)).toMatchObject([
    {
      host: 'etcd01',
      id: 'address-needs-a-leader',
      message: expect.stringMatching(/ https:\/\/192.168.0.1:2380 to https:\/\/192.168.0.9:2380:/),
    },
    { host: 'etcd02' },
  ])
  const one = testCluster({ nodes: [{ ...first!, address: '192.168.0.9' }, second!, third!] })
  expect(judge(asleep(settledWorld(cluster)), one)).toMatchObject({ kind: 'established' })
})

test("members that can't list the members don't make all others unknown", () => {
  const mute = healthyCluster(cluster, { members: [], problems: ['etcd01 knows of no leader'] })
  expect(judge({ ...settledWorld(cluster), cluster: mute })).toMatchObject({ kind: 'established' })
})
