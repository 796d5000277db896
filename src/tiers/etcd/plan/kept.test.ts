import { expect, test } from 'vitest'
import type { MemberState } from '../../../host/state.ts'
import { sampleNode } from '../../../etcd/sample.ts'
import { keptStopped } from './kept.ts'
import { next } from './next.ts'
import type { Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import { predict } from '../steps/predict.ts'
import {
  glance,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  testCluster,
  testIntent,
  withFile,
  withMember,
  withMembers,
} from './testing.ts'
import { PATHS } from '../../../host/state.ts'

const cluster = testCluster()
const intent = testIntent(cluster)
const asked = { ...intent, startStopped: true }
const MARK = { since: '2030-01-07T21:03:11Z' }

/** The state after `quorate stop`. */
const kept = ({ unit }: MemberState): Partial<MemberState> => ({
  stoppedByOperator: MARK,
  unit: { ...unit, active: 'inactive', enabled: false, mainPid: 0, environment: undefined },
})
const byHand = (member: MemberState) => ({ ...kept(member), stoppedByOperator: undefined })
/** What the others report in the meantime. A stopped member is a problem only if no operator stopped it. */
const without = (
  observed: Observed,
  names: readonly string[],
  problems: readonly string[] = [],
): Observed => ({
  ...observed,
  cluster: healthyCluster(cluster, {
    healthy: cluster.nodes.map(({ name }) => name).filter((name) => !names.includes(name)),
    problems,
  }),
})
const one = without(withMember(settledWorld(cluster), 'etcd03', kept), ['etcd03'])

test('a member that an operator stopped stays so; one that was stopped by hand or crashed is started', () => {
  expect(next(intent, one)).toEqual({ kind: 'done' })
  expect(keptStopped(intent, one).map(({ name }) => name)).toEqual(['etcd03'])
  const hand = without(withMember(settledWorld(cluster), 'etcd03', byHand), ['etcd03'], ['etcd03 is down'])
  expect(glance(stepsOf(next(intent, hand)))).toContain('etcd03 start')
})

test('it is started where that is asked for, and the mark is gone then', () => {
  const { waves, blocked } = plan(asked, one)
  expect(blocked).toEqual([])
  expect(glance(waves.flat())).toEqual(['etcd03 start', 'etcd03 enable', 'etcd03 ready'])
  const [start] = waves.flat()
  const after = predict(cluster, one, start!)
  expect(after.hosts['etcd03']?.member?.stoppedByOperator).toBeUndefined()
})

const unit = (change: Partial<MemberState['unit']>) =>
  withMember(one, 'etcd03', (member) => ({ unit: { ...member.unit, ...change } }))

test('a mark counts for nothing once the member runs, would start at boot, or has no log any more', () => {
  for (const observed of [
    unit({ active: 'active' }),
    unit({ active: 'activating' }),
    unit({ enabled: true }),
    withMember(one, 'etcd03', { walPresent: false }),
  ])
    expect(keptStopped(intent, observed)).toEqual([])
})

test('its files are corrected during that time, but no other member is restarted and none joins', () => {
  const drifted = withMember(one, 'etcd03', withFile(PATHS.environment, 'ETCD_NAME=wrong\n'))
  expect(glance(stepsOf(next(intent, drifted)))).toEqual([`etcd03 file ${PATHS.environment}`])

  const slower = testIntent(testCluster({}, { settings: { 'heartbeat-interval': '200' } }))
  const { waves, blocked } = plan(slower, one)
  expect(waves.flat().map(({ host }) => host)).toEqual(['etcd03'])
  expect(blocked).toMatchObject([
    { message: expect.stringContaining('etcd03 was stopped with quorate stop') as string },
  ])
  expect(blocked[0]?.hint).toContain('quorate start etcd03')

  const larger = testCluster({ nodes: [...cluster.nodes, sampleNode('etcd04', '192.168.0.14')] })
  const world = settledWorld(larger)
  const joins = {
    ...one,
    hosts: { ...one.hosts, etcd04: world.hosts['etcd04']! },
    certificates: world.certificates,
  }
  const answer = plan(
    testIntent(larger),
    withMember(joins, 'etcd04', { dataPresent: false, walPresent: false }),
  )
  expect(answer.waves.flat().map(({ kind }) => kind)).not.toContain('member-add')
})

test('another member that crashed is started; the plan does not wait for the one that stays stopped', () => {
  const five = testCluster({
    nodes: [1, 2, 3, 4, 5].map((number) => sampleNode(`etcd0${number}`, `192.168.0.1${number}`)),
  })
  const crashed = withMember(withMember(settledWorld(five), 'etcd03', kept), 'etcd02', byHand)
  const observed = {
    ...crashed,
    cluster: healthyCluster(five, {
      healthy: ['etcd01', 'etcd04', 'etcd05'],
      problems: ['etcd02 is down'],
    }),
  }
  const { waves, blocked } = plan(testIntent(five), observed)
  expect(blocked).toEqual([])
  expect(new Set(waves.flat().map(({ host }) => host))).toEqual(new Set(['etcd02']))
  // No member answers yet: the four others return as a quorum.
  const dark = { ...withMembers(crashed, byHand), cluster: undefined }
  const night = plan(testIntent(five), withMember(dark, 'etcd03', kept))
  expect(night.blocked).toEqual([])
  expect(glance(night.waves.flat()).filter((step) => step.endsWith('start'))).toEqual(
    ['etcd01', 'etcd02', 'etcd04', 'etcd05'].map((name) => `${name} start`),
  )
})

test('one that is to be recreated is, and started', () => {
  const replaced = { ...intent, replace: { etcd03: '3' } }
  const { waves, blocked } = plan(replaced, one)
  expect(blocked).toEqual([])
  const kinds = waves.flat().map(({ kind, host }) => (host === undefined ? kind : `${host} ${kind}`))
  for (const step of ['member-remove', 'etcd03 aside', 'member-add', 'etcd03 start', 'promote'])
    expect(kinds).toContain(step)
})

test('if too few are left for a quorum nothing is started, and the reason names the members to start', () => {
  const off = { ...withMembers(settledWorld(cluster), kept), cluster: undefined }
  const [reason] = reasonsOf(next(intent, off))
  expect(reason?.message).toContain('leaves 0 of 3 voting members, 2 needed')
  expect(reason?.hint).toContain('quorate start etcd01 etcd02 etcd03')
  const two = withMember(one, 'etcd02', kept)
  expect(reasonsOf(next(intent, without(two, ['etcd02', 'etcd03'])))[0]?.hint).toContain(
    'quorate start etcd02 etcd03',
  )
  expect(stepsOf(next(asked, off))).not.toEqual([])
})

const STATES = ['runs', 'crashed', 'kept', 'starting', 'lost'] as const

/** Every combination of states of three members. */
const COMBINATIONS = STATES.flatMap((a) => STATES.flatMap((b) => STATES.map((c) => [a, b, c] as const)))

test.each(COMBINATIONS)(
  '%s, %s and %s: no plan starts a member that is kept, and every plan ends',
  (...states) => {
    const names = cluster.nodes.map(({ name }) => name)
    const world = states.reduce<Observed>((observed, state, index) => {
      const name = names[index] ?? ''
      if (state === 'runs') return observed
      if (state === 'kept') return withMember(observed, name, kept)
      if (state === 'lost')
        return withMember(observed, name, (member) => ({
          ...byHand(member),
          dataPresent: false,
          walPresent: false,
        }))
      if (state === 'crashed') return withMember(observed, name, byHand)
      return withMember(observed, name, ({ unit: now }) => ({ unit: { ...now, active: 'activating' } }))
    }, settledWorld(cluster))
    const healthy = names.filter((_, index) => states[index] === 'runs')
    const serves = healthy.length >= 2
    const absent = names.filter((_, index) => states[index] === 'crashed' || states[index] === 'lost')
    const facts = healthyCluster(cluster, {
      healthy: serves ? healthy : [],
      leader: serves ? healthy[0] : undefined,
      problems: absent.map((name) => `${name} is down`),
    })
    const observed = { ...world, cluster: healthy.length > 0 ? facts : undefined }
    const away = new Set(keptStopped(intent, observed).map(({ name }) => name))
    for (const wanted of [
      intent,
      testIntent(testCluster({}, { settings: { 'heartbeat-interval': '200' } })),
    ]) {
      const { waves } = plan(wanted, observed)
      const touched = waves
        .flat()
        .filter(({ kind }) => ['start', 'restart', 'enable', 'ready'].includes(kind))
      expect(touched.filter(({ host }) => away.has(host ?? ''))).toEqual([])
      plan({ ...wanted, startStopped: true }, observed)
    }
  },
)
