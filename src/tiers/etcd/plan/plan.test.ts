import { expect, test } from 'vitest'
import type { Cluster } from '../../../spec/cluster.ts'
import { PATHS } from '../../../host/state.ts'
import { next } from './next.ts'
import type { Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import { predict } from '../steps/predict.ts'
import type { Step } from '../steps/steps.ts'
import {
  bareWorld,
  formingWorld,
  glance,
  healthyCluster,
  settledWorld,
  stopped,
  testCluster,
  testIntent,
  withFile,
  withMember,
  withMembers,
} from './testing.ts'

const network = { prefix: '/coreos.com/network', config: { Network: '10.5.0.0/16' }, v2: false }
const everything = testCluster({ packages: ['curl'], network })

test('new machines: the whole plan is predicted, stage by stage', () => {
  const { waves, blocked } = plan(testIntent(everything), bareWorld(everything))
  expect(blocked).toEqual([])
  expect(waves.map((wave) => glance(wave).filter((step) => !/^etcd0[23]/.test(step)))).toEqual([
    [
      'authority',
      'etcd01 packages',
      'etcd01 user',
      'etcd01 directory /etc/etcd',
      'etcd01 directory /opt/etcd',
      'etcd01 directory /opt/etcd/data',
      'etcd01 binaries',
      `etcd01 file ${PATHS.environment}`,
      `etcd01 file ${PATHS.unit}`,
      'etcd01 key',
    ],
    ['etcd01 certificates', 'etcd01 start', 'etcd01 enable', 'etcd01 ready'],
    ['verify'],
    ['network', `etcd01 file ${PATHS.clusterId}`, `etcd01 file ${PATHS.environment}`],
  ])
})

test('every member takes part in every stage of a first plan, and all start in the same one', () => {
  const { waves } = plan(testIntent(everything), bareWorld(everything))
  for (const wave of waves.filter((steps) => steps.some((step) => step.host !== undefined))) {
    const perHost = (host: string) =>
      glance(wave)
        .filter((step) => step.startsWith(host))
        .map((step) => step.slice(host.length))
    expect(perHost('etcd02')).toEqual(perHost('etcd01'))
    expect(perHost('etcd03')).toEqual(perHost('etcd01'))
  }
})

test('the plan of a settled world is empty', () => {
  expect(plan(testIntent(testCluster()), settledWorld(testCluster()))).toEqual({ waves: [], blocked: [] })
})

/** States that together need every kind of step. */
const worlds: readonly (readonly [string, Cluster, Observed])[] = [
  ['bare', everything, bareWorld(everything)],
  ['forming', testCluster(), formingWorld(testCluster())],
  [
    'all stopped',
    testCluster(),
    { ...withMembers(settledWorld(testCluster()), stopped), cluster: undefined },
  ],
  [
    'unit edited and read',
    testCluster(),
    withMember(settledWorld(testCluster()), 'etcd02', withFile(PATHS.unit, '[Unit]\n')),
  ],
  [
    'unit not read again',
    testCluster(),
    withMember(settledWorld(testCluster()), 'etcd02', ({ unit }) => ({
      unit: { ...unit, needsReload: true },
    })),
  ],
  [
    'trust bundle edited',
    testCluster(),
    withMember(settledWorld(testCluster()), 'etcd03', ({ tls }) => ({ tls: { ...tls, ca: 'another' } })),
  ],
  [
    'key readable to all',
    testCluster(),
    withMember(settledWorld(testCluster()), 'etcd01', ({ paths }) => ({
      paths: {
        ...paths,
        [`${PATHS.tls}/etcd.key`]: { type: 'file', owner: 'etcd', group: 'etcd', mode: '644' },
      },
    })),
  ],
  [
    'a member unwell',
    testCluster(),
    {
      ...settledWorld(testCluster()),
      cluster: { ...formingWorld(testCluster()).cluster!, problems: ['etcd02 is slow'] },
    },
  ],
]

test.each(worlds)('%s: what was done is not asked for again, and the plan ends', (_name, cluster, world) => {
  const intent = testIntent(cluster)
  let observed = world
  for (let wave = 0; ; wave += 1) {
    expect(wave).toBeLessThan(10)
    const answer = next(intent, observed)
    if (answer.kind === 'done') break
    if (answer.kind === 'blocked') throw new Error(JSON.stringify(answer.reasons))
    for (const step of answer.steps) {
      observed = predict(cluster, observed, step)
      const after = next(intent, observed)
      const asked = after.kind === 'steps' ? after.steps.map(identityOf) : []
      expect(asked).not.toContainEqual(identityOf(step))
    }
  }
})

test('these worlds ask for every kind of step there is', () => {
  const kinds = worlds.flatMap(([, cluster, world]) =>
    plan(testIntent(cluster), world)
      .waves.flat()
      .map((step) => step.kind),
  )
  expect([...new Set(kinds)].sort()).toEqual([
    'authority',
    'await-health',
    'binaries',
    'ca',
    'certificates',
    'directory',
    'enable',
    'file',
    'key',
    'network',
    'packages',
    'ready',
    'reload',
    'start',
    'tls-modes',
    'user',
    'verify',
  ])
})

test('what can be foreseen of a half-done run is the rest of it', () => {
  const cluster = testCluster()
  const half = withMember(formingWorld(cluster), 'etcd02', stopped)
  const { waves, blocked } = plan(testIntent(cluster), half)
  expect(blocked).toEqual([])
  expect(glance(waves[0] ?? [])).toEqual(['etcd02 start', 'etcd02 ready'])
})

/** A file that is written again with another text is a different step. */
function identityOf(step: Step): string {
  const content = step.kind === 'file' ? step.content : ''
  return [step.kind, step.host, step.what, content].join(' ')
}

test('a member that was away and has much to catch up with is waited for, and the restarts behind that are foreseen', () => {
  const wanted = testCluster({}, { settings: { 'max-txn-ops': '256' } })
  const cluster = healthyCluster(wanted, {
    healthy: ['etcd01', 'etcd03'],
    lag: { etcd01: 0, etcd02: 5_000, etcd03: 0 },
    problems: ['etcd02 is not read'],
  })
  const { waves, blocked } = plan(testIntent(testCluster()), { ...settledWorld(testCluster()), cluster })
  expect(blocked).toEqual([])
  expect(waves.map(glance)).toEqual([['await-health']])
  // With a reason to restart: the two healthy ones come first.
  const later = plan(testIntent(wanted), { ...settledWorld(testCluster()), cluster })
  expect(later.blocked).toEqual([])
  expect(later.waves.flat().filter(({ kind }) => kind === 'restart')).toHaveLength(3)
})

test.each([1, 2, 3])(
  'a first start that failed for a setting, %s of three seen starting: nothing is lost once they run',
  (count) => {
    const cluster = testCluster()
    const ended = withMembers(formingWorld(cluster), ({ contents, unit }) => ({
      dataPresent: false,
      walPresent: false,
      contents: {
        ...contents,
        [PATHS.environment]: `${contents[PATHS.environment]}ETCD_LOG_OUTPUTS=/nowhere/etcd.log\n`,
      },
      unit: { ...unit, active: 'activating', environment: undefined },
    }))
    const running = { ETCD_LOG_OUTPUTS: '/nowhere/etcd.log' }
    const seen = ['etcd01', 'etcd02', 'etcd03']
      .slice(0, count)
      .reduce<Observed>(
        (world, name) => withMember(world, name, ({ unit }) => ({ unit: { ...unit, environment: running } })),
        { ...ended, cluster: undefined },
      )
    const { waves, blocked } = plan(testIntent(cluster), seen)
    expect(blocked).toEqual([])
    expect(glance(waves.flat())).toEqual(expect.arrayContaining(['etcd01 restart', 'verify']))
  },
)
