import { describe, expect, test } from 'vitest'
import { PATHS } from '../../../host/state.ts'
import { next } from './next.ts'
import { plan } from './plan.ts'
import { predict } from '../steps/predict.ts'
import { reasonsOf, settledWorld, stopped, testIntent, withFile, withMember } from './testing.ts'
import { changes, clusterOf, facts, grown, neverStarted, withFacts } from './members.fixture.ts'

const five = clusterOf(5)
const four = clusterOf(4)
const three = clusterOf(3)
const one = clusterOf(1)

describe('an addition that was interrupted, or started by hand', () => {
  test.each([
    ['a learner', true, ['start etcd04', 'promote etcd04']],
    ['a voter', false, ['start etcd04']],
  ])('added as %s at an address of the file: it joins', (_what, learner, expected) => {
    const world = grown(three, four, [neverStarted(four, 'etcd04', { learner })])
    expect(changes(four, world)).toEqual(expected)
  })

  test('its process still waits for the others: it is waited for, gets its mark, and its vote', () => {
    const world = grown(three, four, [neverStarted(four, 'etcd04')])
    const steps = plan(testIntent(four), world).waves.flat()
    const started = steps
      .slice(
        0,
        steps.findIndex(({ kind }) => kind === 'ready'),
      )
      .reduce((state, step) => predict(four, state, step), world)
    // etcd creates its WAL when it has found the others, and is known by name when it has joined them.
    const waiting = withMember({ ...started, cluster: world.cluster }, 'etcd04', ({ unit }) => ({
      walPresent: false,
      unit: { ...unit, active: 'activating' },
    }))
    const { waves, blocked } = plan(testIntent(four), waiting)
    expect(blocked).toEqual([])
    expect(waves.flat().map(({ kind }) => kind)).toEqual(['ready', 'file', 'promote'])
  })

  test('a learner that runs is promoted', () => {
    const started = withFacts(settledWorld(four), {
      members: [...facts(three).members, { ...facts(four).members[3]!, learner: true }],
      healthy: facts(three).healthy,
    })
    expect(changes(four, started)).toEqual(['promote etcd04'])
  })

  test('two at once: the started one is completed before the other is added', () => {
    const world = grown(three, five, [neverStarted(five, 'etcd05')])
    expect(changes(five, world)).toEqual([
      'start etcd05',
      'promote etcd05',
      'learner etcd04',
      'start etcd04',
      'promote etcd04',
    ])
  })

  test.each([
    ['learner', true],
    ['voter', false],
  ])('a %s at an address that is of no node: removed before anything else', (_what, learner) => {
    const ghost = { id: 'dead', name: '', peerUrls: ['https://198.18.0.9:2380'], clientUrls: [], learner }
    expect(
      changes(three, withFacts(settledWorld(three), { members: [...facts(three).members, ghost] })),
    ).toEqual(['remove dead'])
    expect(changes(four, grown(three, four, [ghost]))[0]).toBe('remove dead')
  })

  test('a voting member added without a node, which takes the quorum: reports what to do', () => {
    const ghost = { ...neverStarted(five, 'etcd05'), learner: false }
    const world = withFacts(settledWorld(one), {
      members: [...facts(one).members, ghost],
      healthy: [],
      leader: undefined,
      problems: ['etcd01 knows of no leader'],
    })
    const [reason] = reasonsOf(next(testIntent(one), world))
    expect(reason).toMatchObject({
      id: 'added-member-is-awaited',
      message: expect.stringMatching(/ 2 of 2 .* https:\/\/192\.168\.0\.5:2380 /),
    })
  })

  test("it started with data of an earlier member and can't join: removed, its data renamed, added again", () => {
    const unmarked = withMember(
      withMember(settledWorld(four), 'etcd04', stopped),
      'etcd04',
      withFile(PATHS.clusterId, undefined),
    )
    const stuck = withFacts(unmarked, {
      ...facts(three),
      members: [...facts(three).members, neverStarted(four, 'etcd04')],
    })
    expect(changes(four, stuck).slice(0, 3)).toEqual(['remove id-etcd04', 'aside etcd04', 'learner etcd04'])
  })
})
