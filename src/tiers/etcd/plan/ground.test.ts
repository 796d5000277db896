import { expect, test } from 'vitest'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { sampleNode } from '../../../etcd/sample.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { directorySteps } from './ground.ts'
import { next } from './next.ts'
import { plan } from './plan.ts'
import { initialCluster, planRestore } from '../../../verbs/restore/decide-next.ts'
import type { RestoreIntent } from '../../../verbs/restore/intent.ts'
import {
  bareWorld,
  glance,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from './testing.ts'

const cluster = testCluster()
const settled = settledWorld(cluster)
const intent = testIntent(cluster)
const { dataDirectory, walDirectory } = cluster.etcd

const owned =
  (...changes: readonly [path: string, change: object][]) =>
  (member: MemberState) => ({
    paths: {
      ...member.paths,
      ...Object.fromEntries(changes.map(([path, change]) => [path, { ...member.paths[path]!, ...change }])),
    },
  })

/** As quorate left a member before root owned the parent directories and the TLS files. */
const OLD = owned(
  ['/opt/etcd', { owner: 'etcd', group: 'etcd', mode: '750' }],
  [`${PATHS.tls}/`, { owner: 'etcd', group: 'etcd' }],
  [`${PATHS.tls}/ca.crt`, { owner: 'etcd', group: 'etcd' }],
  [`${PATHS.tls}/etcd.crt`, { owner: 'etcd', group: 'etcd' }],
  [`${PATHS.tls}/etcd.key`, { owner: 'etcd', group: 'etcd', mode: '600' }],
)

test('a cluster with the previous owners is changed in one stage, without a restart', () => {
  const { waves, blocked } = plan(intent, withMembers(settled, OLD))
  expect(blocked).toEqual([])
  expect(waves.map(glance)).toEqual([
    ['etcd01', 'etcd02', 'etcd03'].flatMap((name) => [`${name} directory /opt/etcd`, `${name} tls-modes`]),
  ])
  expect(waves[0]?.[0]).toMatchObject({
    what: 'set up /opt/etcd (root:root 755)',
    why: expect.stringContaining(' etcd:etcd 750:'),
  })
})

test('parent directories that already belong to root stay unchanged', () => {
  const elsewhere = testCluster({}, { dataDirectory: '/var/lib/etcd', walDirectory: '/srv/etcd/wal' })
  const world = withMembers(settledWorld(elsewhere), ({ paths }) => ({
    paths: { ...paths, '/var/lib': { type: 'directory', owner: 'root', group: 'root', mode: '2755' } },
  }))
  expect(next(testIntent(elsewhere), world)).toEqual({ kind: 'done' })
})

test('each of two parent directories is given to root, the outer one first', () => {
  const nested = testCluster({}, { dataDirectory: '/srv/etcd/inner/data', walDirectory: '/srv/etcd/wal' })
  const folders = glance(stepsOf(next(testIntent(nested), bareWorld(nested)))).filter((step) =>
    step.startsWith('etcd01 directory /srv'),
  )
  expect(folders).toEqual(
    ['/srv/etcd', '/srv/etcd/inner', '/srv/etcd/inner/data'].map((path) => `etcd01 directory ${path}`),
  )
})

/** The steps that start etcd01, and what they open. */
const starts = (of: Cluster, world: Parameters<typeof plan>[1]) =>
  plan(testIntent(of), world)
    .waves.flat()
    .flatMap((step) => ('firstStart' in step && step.host === 'etcd01' ? [[step.kind, step.firstStart]] : []))

test('the parent directory of the log is open to etcd for a first start, and for no other', () => {
  const first = { dataDirectory, walDirectory }
  expect(starts(cluster, bareWorld(cluster))).toEqual([
    ['start', first],
    ['ready', first],
  ])
  expect(starts(cluster, withMember(settled, 'etcd01', stopped))).toEqual([])
  const within = testCluster({}, { walDirectory: `${dataDirectory}/member/wal` })
  expect(starts(within, bareWorld(within))).toEqual([])
})

const OPEN = { '/opt/etcd': { type: 'directory', owner: 'root', group: 'etcd', mode: '1775' } } as const

test('left open by a run that was cut off, it is taken back once there is a log', () => {
  const wave = stepsOf(
    next(
      intent,
      withMember(settled, 'etcd02', ({ paths }) => ({ paths: { ...paths, ...OPEN } })),
    ),
  )
  expect(glance(wave)).toEqual(['etcd02 directory /opt/etcd'])
})

test('while a first start makes the log nothing is taken back; where nothing starts it is', () => {
  const member = runningMember()
  const opened = { ...member, walPresent: false, paths: { ...member.paths, ...OPEN } }
  const unit = (active: string) => ({ ...opened, unit: { ...opened.unit, active } })
  expect(directorySteps(cluster, 'etcd01', unit('activating'))).toEqual([])
  expect(glance(directorySteps(cluster, 'etcd01', unit('inactive')))).toEqual(['etcd01 directory /opt/etcd'])
})

test("root does not work below an open directory: it is closed before one of etcd's directories is created in it", () => {
  const member = runningMember()
  const paths = {
    ...member.paths,
    ...OPEN,
    [dataDirectory]: { ...member.paths[dataDirectory]!, mode: '755' },
  }
  const starting = { ...member, walPresent: false, paths, unit: { ...member.unit, active: 'activating' } }
  expect(glance(directorySteps(cluster, 'etcd01', starting))).toEqual([
    'etcd01 directory /opt/etcd',
    `etcd01 directory ${dataDirectory}`,
  ])
})

test('a first start that found the directory closed is waited for with the directory open', () => {
  const four = testCluster({ nodes: [...cluster.nodes, sampleNode('etcd04', '192.168.0.4')] })
  const neverStarted = { ...healthyCluster(four).members[3]!, name: '', clientUrls: [], learner: true }
  const facts = healthyCluster(cluster)
  const before = settledWorld(four)
  const joining = {
    ...withMember(before, 'etcd04', ({ paths, unit, contents }) => {
      const { [PATHS.clusterId]: _pin, ...others } = contents
      const old = { '/opt/etcd': { type: 'directory', owner: 'etcd', group: 'etcd', mode: '750' } } as const
      return {
        walPresent: false,
        paths: { ...paths, ...old },
        contents: others,
        unit: { ...unit, active: 'activating', environment: undefined },
      }
    }),
    cluster: { ...facts, members: [...facts.members, neverStarted] },
  }
  const { waves, blocked } = plan(testIntent(four), joining)
  expect(blocked).toEqual([])
  expect(glance(waves[0] ?? [])).toEqual(['etcd04 directory /opt/etcd'])
  expect(waves[1]).toMatchObject([
    { host: 'etcd04', kind: 'ready', firstStart: { dataDirectory, walDirectory } },
  ])
})

test('a restore ends first starts: it closes the directory before it works below', () => {
  const world = withMember(settled, 'etcd02', ({ paths, unit }) => ({
    walPresent: false,
    paths: { ...paths, ...OPEN },
    unit: { ...unit, active: 'activating' },
  }))
  const wave = stepsOf(planRestore(sampleRestore(), world))
  expect(glance(wave)).toEqual(['etcd02 directory /opt/etcd'])
})

function sampleRestore(): RestoreIntent {
  return {
    kind: 'restore',
    cluster,
    restore: {
      token: 'sample-00000000000000aa',
      suffix: 'before-restore-1',
      sha256: 'aa',
      source: 'a.db',
      members: initialCluster(cluster),
    },
    snapshotFile: '/tmp/a.db',
    sizeBytes: 1,
    options: [],
    without: [],
    command: 'quorate restore a.db',
  }
}

function runningMember(): MemberState {
  const member = settled.hosts['etcd01']?.member
  if (member === undefined) throw new TypeError('no member')
  return member
}

test.each([
  [dataDirectory, 'directory', 'etcd'],
  [walDirectory, 'directory', 'root'],
  ['/opt/etcd', 'directory', 'etcd'],
  [`${PATHS.tls}/etcd.key`, 'file', 'etcd'],
  [`${PATHS.tls}/ca.crt`, 'file', 'etcd'],
])('%s is not a %s: refused before anything is changed', (path, kind, owner) => {
  const world = withMember(settled, 'etcd02', owned([path, { type: 'other', owner, mode: '777' }]))
  expect(reasonsOf(next(intent, world))).toMatchObject([
    {
      id: 'etcd-owns-the-path',
      host: 'etcd02',
      message: expect.stringMatching(new RegExp(`^${path} .* ${kind}, .* ${owner}$`)),
    },
  ])
})

test.each([
  [
    '/opt/etcd',
    '/mnt/ssd/etcd',
    'etcd.dataDirectory: /mnt/ssd/etcd/data, etcd.walDirectory: /mnt/ssd/etcd/wal',
  ],
  [dataDirectory, '/mnt/data', '(etcd.dataDirectory: /mnt/data)'],
])('root’s link at %s to %s: refused with what to write instead', (path, target, setting) => {
  const link = { type: 'other', owner: 'root', group: 'root', mode: '777', leadsTo: target }
  const [reason, ...others] = reasonsOf(next(intent, withMember(settled, 'etcd02', owned([path, link]))))
  expect(others).toEqual([])
  expect(reason).toMatchObject({
    id: 'symbolic-link',
    host: 'etcd02',
    message: expect.stringMatching(new RegExp(`^${path} .* ${target}$`)),
  })
  expect(reason?.hint).toContain(setting)
})

test('a link that etcd itself made is what etcd put there', () => {
  const link = { type: 'other', owner: 'etcd', group: 'etcd', mode: '777', leadsTo: '/etc' }
  const world = withMember(settled, 'etcd02', owned([dataDirectory, link]))
  expect(reasonsOf(next(intent, world))).toMatchObject([{ message: expect.stringContaining('user etcd') }])
})

test("root's link among the certificates belongs to another program, and is no reason to refuse", () => {
  const link = { '/etc/ssl/etcd/server.crt': { type: 'other', owner: 'root', group: 'root', mode: '777' } }
  const world = withMember(settled, 'etcd02', ({ paths }) => ({
    paths: { ...paths, ...link } as MemberState['paths'],
  }))
  expect(next(intent, world)).toEqual({ kind: 'done' })
})
