/**
 * Rolling restarts as the planner orders them: one member in each stage, the leader last, and only if all others are
 * healthy.
 */
import { describe, expect, test } from 'vitest'
import { sampleNode } from '../../../etcd/sample.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { next } from './next.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import { predict } from '../steps/predict.ts'
import type { Step } from '../steps/steps.ts'
import {
  BARE_MEMBER,
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
import { OUTAGES } from './roll.ts'

const SIZES = [1, 2, 3, 4, 5]

function clusterOf(size: number, etcd: Parameters<typeof testCluster>[1] = {}): Cluster {
  const nodes = Array.from({ length: size }, (_, index) =>
    sampleNode(`etcd0${index + 1}`, `192.168.0.${index + 1}`),
  )
  return testCluster({ nodes }, etcd)
}

const SLOWER = { settings: { 'heartbeat-interval': '200' } }

/** A settled cluster of this size with this leader. */
function world(size: number, leader: string, changes: Partial<ClusterFacts> = {}): Observed {
  const cluster = clusterOf(size)
  return { ...settledWorld(cluster), cluster: healthyCluster(cluster, { leader, ...changes }) }
}

const restarted = (steps: readonly Step[]) =>
  steps.flatMap((step) => (step.kind === 'restart' ? [step.host] : []))

describe.each(
  SIZES.flatMap((size) => Array.from({ length: size }, (_, at) => [size, `etcd0${at + 1}`] as const)),
)('%i members, led by %s', (size, leader) => {
  const { waves, blocked } = plan(testIntent(clusterOf(size, SLOWER)), world(size, leader))
  const order = waves.map(restarted)

  test('all are restarted, once each, never two in a stage, the leader last', () => {
    expect(blocked).toEqual([])
    for (const wave of order) expect(wave.length).toBeLessThanOrEqual(1)
    const all = order.flat()
    expect(all.toSorted()).toEqual(clusterOf(size).nodes.map(({ name }) => name))
    expect(all.at(-1)).toBe(leader)
  })

  test('contents are compared right before each, and leadership is moved before the leader goes', () => {
    const kinds = waves.map((wave) => wave.map(({ kind }) => kind))
    for (const wave of kinds.filter((each) => each.includes('restart')))
      expect(wave[0]).toBe(size === 1 ? 'file' : 'compare')
    const moves = waves.flat().filter((step) => step.kind === 'move-leader')
    expect(moves.map(({ to }) => to === leader)).toEqual(size === 1 ? [] : [false])
    const last = size === 1 ? undefined : ['compare', 'move-leader']
    expect(kinds.at(-2)).toEqual(last)
  })

  test('one and two members: the outage is in the step, and named beforehand', () => {
    const risk = OUTAGES[size] ?? 'restart etcd.service'
    const words = waves.flat().flatMap((step) => (step.kind === 'restart' ? [step.what] : []))
    expect(words.map((what) => what.endsWith(risk))).toEqual(words.map(() => true))
  })
})

test('only those that differ are restarted; what was changed only on the disk is corrected without a restart', () => {
  const cluster = clusterOf(3)
  const odd = withMember(world(3, 'etcd01'), 'etcd03', ({ unit }) => ({
    unit: { ...unit, environment: { ...unit.environment, ETCD_LOG_LEVEL: 'debug' } },
  }))
  const { waves } = plan(testIntent(cluster), odd)
  expect(waves.flatMap(restarted)).toEqual(['etcd03'])
})

test('what a member would be restarted for is not written before its turn', () => {
  const [first] = plan(testIntent(clusterOf(3, SLOWER)), world(3, 'etcd02')).waves
  expect(glance(first ?? [])).toEqual(['compare', 'etcd01 file /etc/etcd/options.env', 'etcd01 restart'])
})

test('a unit of an older text: written, read by systemd, restarted into', () => {
  const old = withMember(world(3, 'etcd01'), 'etcd02', ({ unit, contents }) => ({
    contents: { ...contents, '/etc/systemd/system/etcd.service': '[Service]\n' },
    unit: { ...unit, environment: { ...unit.environment, QUORATE_UNIT: 'old' } },
  }))
  expect(glance(stepsOf(next(testIntent(clusterOf(3)), old)))).toEqual([
    'compare',
    'etcd02 file /etc/systemd/system/etcd.service',
    'etcd02 reload',
    'etcd02 restart',
  ])
})

describe('with another member that is not well', () => {
  const wanted = testIntent(clusterOf(3, SLOWER))
  const shown = (observed: Observed) => {
    const answer = next(wanted, observed)
    return answer.kind === 'steps' ? glance(answer.steps) : [answer.kind]
  }

  test.each([
    ['one that does not answer', { healthy: ['etcd01', 'etcd02'], problems: ['etcd03 is silent'] }],
    ['an alarm', { problems: ['etcd03 alarm CORRUPT'] }],
    ['no agreement on a leader', { leader: undefined, problems: ['two leaders'] }],
    ['one that is behind', { lag: { etcd03: 101 } }],
  ])('%s: nobody who is well is restarted', (_what, changes) => {
    const observed = world(3, 'etcd01', changes)
    // The unhealthy one itself matches the cluster file.
    const well = withMember(observed, 'etcd03', settledWorld(clusterOf(3, SLOWER)).hosts['etcd03']!.member!)
    expect(shown(well)).toEqual(['await-health'])
  })

  test('one that is stopped is started first, with its new settings, and no other is touched', () => {
    const observed = withMember(
      world(3, 'etcd01', { healthy: ['etcd01', 'etcd02'], problems: ['etcd03 is down'] }),
      'etcd03',
      stopped,
    )
    const { waves, blocked } = plan(wanted, observed)
    expect(blocked).toEqual([])
    expect(glance(waves[0] ?? [])).toEqual(['etcd03 file /etc/etcd/options.env'])
    expect(glance(waves[1] ?? [])).toContain('etcd03 start')
    const order = waves.map(restarted)
    expect(order.slice(0, 2).flat()).toEqual([])
    expect(order.flat()).toEqual(['etcd02', 'etcd01'])
  })

  test('the unhealthy one itself is healed first: a setting that prevented its start, fixed in the file', () => {
    const observed = withMember(
      world(3, 'etcd01', { healthy: ['etcd01', 'etcd02'], problems: ['etcd03 is silent'] }),
      'etcd03',
      ({ unit }) => ({
        unit: {
          ...unit,
          active: 'activating',
          environment: { ...unit.environment, ETCD_LOG_LEVEL: 'shout' },
        },
      }),
    )
    const steps = stepsOf(next(testIntent(clusterOf(3)), observed))
    expect(restarted(steps)).toEqual(['etcd03'])
    expect(steps.some(({ kind }) => kind === 'compare')).toBe(false)
  })
})

describe('wherever a run is cut off', () => {
  test('the next one restarts those that are left, in the same order, and no one twice', () => {
    const intent = testIntent(clusterOf(3, SLOWER))
    const steps = plan(intent, world(3, 'etcd02')).waves.flat()
    for (let done = 0; done <= steps.length; done++) {
      const half = steps.slice(0, done)
      const observed = half.reduce((state, step) => predict(intent.cluster, state, step), world(3, 'etcd02'))
      const rest = plan(intent, observed)
      expect(rest.blocked).toEqual([])
      expect([...restarted(half), ...rest.waves.flatMap(restarted)]).toEqual(['etcd01', 'etcd03', 'etcd02'])
    }
  })
})

/** The cluster file with other addresses for these members. */
const movedTo = (...moved: string[]) =>
  testCluster({
    nodes: clusterOf(3).nodes.map((node) =>
      moved.includes(node.name) ? { ...node, address: node.address.replace('192.168.0', '10.0.0') } : node,
    ),
  })

test('two of three are down, so none is healthy: once they are started all are, and the rest is predicted', () => {
  const silent = world(3, 'etcd03', { healthy: [], leader: undefined, problems: ['nobody leads'] })
  const down = ['etcd01', 'etcd02'].reduce((all, name) => withMember(all, name, stopped), silent)
  const { waves, blocked } = plan(testIntent(clusterOf(3, SLOWER)), down)
  expect(blocked).toEqual([])
  expect(restarted(waves.flat())).toContain('etcd03')
})

describe('members at new addresses', () => {
  test('the others get the new address right before the restart; one member per stage', () => {
    const { waves, blocked } = plan(testIntent(movedTo('etcd01', 'etcd02', 'etcd03')), world(3, 'etcd01'))
    expect(blocked).toEqual([])
    const moves = waves.filter((wave) => wave.some(({ kind }) => kind === 'member-update'))
    expect(moves.map((wave) => glance(wave))).toEqual(
      ['etcd02', 'etcd03', 'etcd01'].map((name) => [
        'compare',
        'member-update',
        `${name} file /etc/etcd/options.env`,
        `${name} restart`,
      ]),
    )
  })

  test('one that runs at its new address already: the others learn it before a new member looks for it', () => {
    const [one] = clusterOf(1).nodes
    const moved = { ...one!, address: '192.168.0.77' }
    const wanted = testCluster({ nodes: [moved, clusterOf(2).nodes[1]!] })
    const there = withMember(settledWorld(wanted), 'etcd02', BARE_MEMBER)
    const observed = { ...there, cluster: healthyCluster(clusterOf(1), { leader: 'etcd01' }) }
    const { waves, blocked } = plan(testIntent(wanted), observed)
    expect(blocked).toEqual([])
    const kinds = waves.flat().map(({ kind }) => kind)
    expect(kinds).toContain('member-update')
    expect(kinds.indexOf('member-update')).toBeLessThan(kinds.indexOf('member-add'))
  })

  test("two can't swap", () => {
    const [one, two, three] = clusterOf(3).nodes
    const nodes = [{ ...one!, address: two!.address }, { ...two!, address: one!.address }, three!]
    const [reason] = reasonsOf(next(testIntent(testCluster({ nodes })), world(3, 'etcd03')))
    expect(reason).toMatchObject({
      id: 'address-is-taken',
      host: 'etcd01',
      message: expect.stringContaining(' etcd02') as string,
    })
  })

  test('that is foreseen before any step; also of a member that is down, and moves as it starts', () => {
    const [one, two, three] = clusterOf(3).nodes
    const nodes = [{ ...one!, address: two!.address }, { ...two!, address: one!.address }, three!]
    const intent = testIntent(testCluster({ nodes }))
    const expired = { etcd03: { etcd: [{ code: 'missing', message: 'is missing' }] } } as const
    const outdated = world(3, 'etcd03')
    const observed = { ...outdated, certificates: { ...outdated.certificates, ...expired } }
    const { waves, blocked } = plan(intent, observed)
    expect(waves.length).toBeGreaterThan(0)
    expect(blocked.map(({ id }) => id)).toEqual(['address-is-taken'])

    const down = withMember(world(3, 'etcd03', { healthy: ['etcd02', 'etcd03'] }), 'etcd01', {
      unit: { ...world(3, 'etcd03').hosts['etcd01']!.member!.unit, active: 'failed', environment: undefined },
    })
    const half = plan(intent, down)
    expect(half.waves.flat().map(({ kind }) => kind)).not.toContain('member-update')
    expect(half.blocked).toHaveLength(1)
  })

  test('one that moves to where another is waits until that one has moved', () => {
    const [one, two, three] = clusterOf(3).nodes
    const nodes = [{ ...one!, address: two!.address }, { ...two!, address: '192.168.0.77' }, three!]
    const { waves, blocked } = plan(testIntent(testCluster({ nodes })), world(3, 'etcd03'))
    expect(blocked).toEqual([])
    const moves = waves.flat().flatMap((step) => (step.kind === 'member-update' ? [step.node] : []))
    expect(moves).toEqual(['etcd02', 'etcd01'])
  })
})

/** The next leader if etcd01 leads and is the last that must be restarted. */
const heirOf = (changes: Partial<ClusterFacts>, done: readonly string[] = ['etcd02', 'etcd03']) => {
  const fresh = settledWorld(clusterOf(3, SLOWER))
  const observed = done.reduce<Observed>(
    (state, name) => ({ ...state, hosts: { ...state.hosts, [name]: fresh.hosts[name]! } }),
    world(3, 'etcd01', changes),
  )
  const step = stepsOf(next(testIntent(clusterOf(3, SLOWER)), observed)).find(
    ({ kind }) => kind === 'move-leader',
  )
  return step?.kind === 'move-leader' ? step.to : undefined
}

const CORRUPT02 = { member: 'etcd02', memberId: 2n, type: 'CORRUPT' }
const FULL02 = { ...CORRUPT02, type: 'NOSPACE' }

describe('who is to lead', () => {
  test('the follower that has least still to apply', () => {
    expect(heirOf({ lag: { etcd01: 0, etcd02: 7, etcd03: 3 } })).toBe('etcd03')
    expect(heirOf({ lag: { etcd01: 0, etcd02: 3, etcd03: 7 } })).toBe('etcd02')
  })

  test('never a learner', () => {
    const members = healthyCluster(clusterOf(3)).members.map((member) =>
      member.name === 'etcd03' ? { ...member, learner: true } : member,
    )
    // It gets its vote first.
    expect(heirOf({ members, healthy: ['etcd01', 'etcd02'] })).toBeUndefined()
  })

  test('never one with the alarm CORRUPT, or of which it is unknown how far it is: an election is better', () => {
    expect(heirOf({ alarms: [CORRUPT02] })).toBe('etcd03')
    expect(heirOf({ alarms: [CORRUPT02, { ...CORRUPT02, member: 'etcd03' }] })).toBeUndefined()
    expect(heirOf({ lag: { etcd01: 0, etcd03: 7 } })).toBe('etcd03')
    expect(heirOf({ lag: { etcd01: 0 } })).toBeUndefined()
  })

  test('one with another alarm only where there is no other', () => {
    expect(heirOf({ alarms: [FULL02] })).toBe('etcd03')
    expect(heirOf({ alarms: [FULL02, { ...FULL02, member: 'etcd03' }] })).toBe('etcd02')
  })
})
