import { describe, expect, test } from 'vitest'
import { PATHS } from '../../../host/state.ts'
import { next } from './next.ts'
import { plan } from './plan.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import {
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
import type { Cluster, Node } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import { changes, clusterOf, facts, grown, neverStarted, withFacts } from './members.fixture.ts'

const five = clusterOf(5)
const four = clusterOf(4)
const three = clusterOf(3)
const one = clusterOf(1)

function nobodyRuns(observed: Observed): Observed {
  return withMembers({ ...observed, cluster: undefined }, stopped)
}

test('who is a member is changed only on the word of somebody who reads through the leader', () => {
  const ghost = { id: '9', name: '', peerUrls: ['https://192.168.0.8:2380'], clientUrls: [], learner: true }
  const world = settledWorld(three)
  const healthy = healthyCluster(three)
  const withGhost = { ...world, cluster: { ...healthy, members: [...healthy.members, ghost] } }
  expect(glance(stepsOf(next(testIntent(three), withGhost)))).toEqual(['member-remove'])
  const hearsay = { ...withGhost.cluster, healthy: [], problems: ['etcd01 is not read'] }
  expect(glance(stepsOf(next(testIntent(three), { ...withGhost, cluster: hearsay })))).toEqual([
    'await-health',
  ])
})

describe('another name, another address', () => {
  const [first, ...rest] = three.nodes
  const { etcd01, ...others } = settledWorld(three).hosts
  const worldOf = (node: Partial<Node>): readonly [Cluster, Observed] => {
    const wanted = testCluster({ nodes: [{ ...first!, name: 'alpha', ...node }, ...rest] })
    const settled = settledWorld(three)
    const hosts = { ...others, alpha: { ...etcd01!, name: 'alpha' } }
    const certificates = { ...settled.certificates, alpha: settled.certificates['etcd01']! }
    return [wanted, { ...settled, hosts, certificates }]
  }
  const refused = expect.stringContaining(' etcd01 (https://192.168.0.1:2380) ')

  test('at once: the member that runs there is not taken for an old one, and nothing is started before that is said', () => {
    const [wanted, world] = worldOf({ address: '192.168.0.77' })
    const refusal = [{ id: 'new-name-and-address', host: 'alpha', message: refused }]
    expect(reasonsOf(next(testIntent(wanted), world))).toMatchObject(refusal)
    expect(reasonsOf(next(testIntent(wanted), nobodyRuns(world)))).toMatchObject(refusal)
  })

  test.each([
    ['another name alone', worldOf({})],
    ['another address alone', worldOf({ etcdName: 'etcd01', address: '192.168.0.77' })],
  ])('%s, while nobody answers: all are started', (_what, [wanted, world]) => {
    const { blocked, waves } = plan(testIntent(wanted), nobodyRuns(world))
    expect(blocked).toEqual([])
    const started = waves.flat().flatMap((step) => (step.kind === 'start' ? [step.host] : []))
    expect(started).toEqual(['alpha', 'etcd02', 'etcd03'])
  })
})

describe('the cluster file gains a node', () => {
  test('it is prepared, becomes a learner, starts, gets its mark, and its vote last', () => {
    const { waves, blocked } = plan(testIntent(four), grown(three, four))
    expect(blocked).toEqual([])
    const order = waves.map((wave) => [...new Set(wave.map(({ kind }) => kind))].join(' '))
    expect(order[0]).toContain('binaries')
    expect(order.slice(1)).toEqual([
      'certificates',
      'member-add',
      'file start enable ready',
      'file',
      'promote',
    ])
  })

  test('two: one at a time, the second only when the first has its vote', () => {
    expect(changes(three, grown(one, three))).toEqual([
      'learner etcd02',
      'start etcd02',
      'promote etcd02',
      'learner etcd03',
      'start etcd03',
      'promote etcd03',
    ])
  })

  test('it is told whom it will find there, and that the cluster exists', () => {
    const { waves } = plan(testIntent(four), grown(three, four))
    const joining = waves.find((wave) => wave.some(({ kind }) => kind === 'start')) ?? []
    const file = joining.find((step) => step.kind === 'file' && step.path === PATHS.environment)
    expect(file).toMatchObject({ host: 'etcd04' })
    const options = parseEnvironmentFile(file?.kind === 'file' ? file.content : '')
    expect(options['ETCD_INITIAL_CLUSTER_STATE']).toBe('existing')
    expect(options['ETCD_INITIAL_CLUSTER']?.split(',').length).toBe(4)
    expect(options['ETCD_INITIAL_CLUSTER']).toContain('etcd04=https://192.168.0.4:2380')
  })

  test('at the address of a member that stays one: nothing is started, because neither could be found', () => {
    const nodes = four.nodes.map((node) =>
      node.name === 'etcd03'
        ? { ...node, address: '192.168.0.4' }
        : node.name === 'etcd04'
          ? { ...node, address: '192.168.0.3' }
          : node,
    )
    const { blocked } = plan(testIntent(testCluster({ nodes })), grown(three, four))
    expect(blocked).toMatchObject([
      { id: 'address-is-taken', host: 'etcd04', message: expect.stringContaining(' etcd03') },
    ])
  })

  test('before etcd 3.4 there are no learners: it has its vote at once', () => {
    const old = clusterOf(3, '3.3.25')
    expect(changes(old, grown(clusterOf(1, '3.3.25'), old))).toEqual([
      'voter etcd02',
      'start etcd02',
      'voter etcd03',
      'start etcd03',
    ])
  })

  test('before etcd 3.4, one of two that has not started yet keeps the other from leading: it is started', () => {
    const old = clusterOf(2, '3.3.25')
    const world = withFacts(grown(clusterOf(1, '3.3.25'), old), {
      members: [...facts(clusterOf(1)).members, neverStarted(old, 'etcd02', { learner: false })],
      healthy: [],
      leader: undefined,
      problems: ['etcd01 knows of no leader'],
    })
    expect(changes(old, world)).toEqual(['start etcd02'])
  })

  test('before etcd 3.4, the newcomer counts as down: not added where the quorum would need it', () => {
    const old = clusterOf(3, '3.3.25')
    const world = grown(clusterOf(2, '3.3.25'), old)
    const weak = withFacts(world, { healthy: ['etcd01'], problems: [] })
    const { waves, blocked } = plan(testIntent(old), weak)
    expect(waves.flat().map(({ kind }) => kind)).not.toContain('member-add')
    expect(blocked).toMatchObject([
      {
        id: 'quorum-would-be-lost',
        host: 'etcd03',
        message: expect.stringMatching(/ 1 of 3 .* 2 /),
      },
    ])
  })

  test('data of an earlier member there is moved aside first, and nothing of it is removed', () => {
    const used = withMember(settledWorld(four), 'etcd04', (member) => ({ ...stopped(member) }))
    const world = withFacts(used, facts(three))
    expect(changes(four, world).slice(0, 3)).toEqual(['aside etcd04', 'learner etcd04', 'start etcd04'])
    const aside = plan(testIntent(four), world)
      .waves.flat()
      .find((step) => step.kind === 'aside')
    expect(aside).toMatchObject({
      suffix: 'before-join-20260730T101112Z',
      paths: ['/opt/etcd/wal', '/opt/etcd/data', PATHS.clusterId],
    })
  })
})

describe('the cluster file loses nodes', () => {
  test('living ones leave one at a time, leadership moves before its holder goes, which is last', () => {
    const world = withFacts(settledWorld(three), { ...facts(five), leader: 'etcd04' })
    expect(changes(three, world)).toEqual(['remove etcd05', 'leader etcd01', 'remove etcd04'])
  })

  test('a living one leaves only when the newcomer has its vote, a dead one before', () => {
    const wanted = testCluster({ nodes: five.nodes.filter(({ name }) => name !== 'etcd03').slice(0, 3) })
    const world = (healthy: readonly string[]) => {
      const known = grown(clusterOf(2), wanted)
      return withFacts(known, { ...facts(three), healthy })
    }
    expect(changes(wanted, world(['etcd01', 'etcd02', 'etcd03']))).toEqual([
      'learner etcd04',
      'start etcd04',
      'promote etcd04',
      'remove etcd03',
    ])
    expect(changes(wanted, world(['etcd01', 'etcd02']))).toEqual([
      'remove etcd03',
      'learner etcd04',
      'start etcd04',
      'promote etcd04',
    ])
  })

  test('not if fewer than a quorum of the rest are healthy', () => {
    const wanted = clusterOf(3)
    const world = withFacts(settledWorld(wanted), {
      ...facts(four),
      healthy: ['etcd01', 'etcd04'],
      leader: 'etcd01',
      problems: [],
    })
    const [reason] = reasonsOf(next(testIntent(wanted), world))
    expect(reason).toMatchObject({
      id: 'quorum-would-be-lost',
      message: expect.stringMatching(/ etcd04: .* 1 .* 3, 2 /),
    })
  })

  test('with nobody leading nothing is removed', () => {
    const world = withFacts(settledWorld(three), {
      ...facts(five),
      leader: undefined,
      problems: ['no leader'],
    })
    expect(stepsOf(next(testIntent(three), world)).map(({ kind }) => kind)).toEqual(['await-health'])
  })
})

describe('a member is recreated on its node', () => {
  const id = facts(three).members[0]!.id

  test('its data is lost: without being asked nothing is done; asked, it is removed and added again', () => {
    const bare = withMember(settledWorld(three), 'etcd02', (member) => ({
      ...stopped(member),
      dataPresent: false,
      walPresent: false,
    }))
    const world = withFacts(bare, {
      ...facts(three),
      healthy: ['etcd01', 'etcd03'],
      problems: ['etcd02 is down'],
    })
    expect(reasonsOf(next(testIntent(three), world))[0]?.hint).toContain('quorate repair etcd02')
    const own = facts(three).members[1]!.id
    expect(changes(three, world, { etcd02: own })).toEqual([
      'remove etcd02',
      'aside etcd02',
      'learner etcd02',
      'start etcd02',
      'promote etcd02',
    ])
  })

  test('it leads and is well: leadership moves first', () => {
    expect(changes(three, settledWorld(three), { etcd01: id })).toEqual([
      'leader etcd02',
      'remove etcd01',
      'aside etcd01',
      'learner etcd01',
      'start etcd01',
      'promote etcd01',
    ])
  })

  test('it runs and does not answer: stopped before it is removed', () => {
    const world = withFacts(settledWorld(three), {
      healthy: ['etcd02', 'etcd03'],
      leader: 'etcd02',
      problems: ['etcd01 is silent'],
    })
    const intent = { ...testIntent(three), replace: { etcd01: id } }
    expect(glance(stepsOf(next(intent, world)))).toEqual(['etcd01 stop'])
  })

  test('it is started again and again, and was just made by systemd: stopped, not restarted', () => {
    const world = withFacts(settledWorld(three), {
      healthy: ['etcd02', 'etcd03'],
      leader: 'etcd02',
      problems: ['etcd01 is silent'],
    })
    const starting = withMember(world, 'etcd01', ({ unit }) => ({
      unit: { ...unit, active: 'activating', environment: {} },
    }))
    const intent = { ...testIntent(three), replace: { etcd01: id } }
    expect(
      plan(intent, starting)
        .waves.flat()
        .filter(({ kind }) => kind === 'restart'),
    ).toEqual([])
    expect(glance(stepsOf(next(intent, starting)))).toEqual(['etcd01 stop'])
  })

  test('not if the others are too few without it', () => {
    const world = withFacts(settledWorld(three), {
      healthy: ['etcd01', 'etcd02'],
      leader: 'etcd02',
      problems: [],
    })
    const answer = next({ ...testIntent(three), replace: { etcd01: id } }, world)
    expect(reasonsOf(answer)[0]).toMatchObject({
      id: 'quorum-would-be-lost',
      message: expect.stringMatching(/ etcd01: .* 1 .* 2, 2 /),
    })
  })

  test('once it has gone its old ID says nothing: a second run finds nothing to do', () => {
    expect(next({ ...testIntent(three), replace: { etcd01: 'f00d' } }, settledWorld(three))).toEqual({
      kind: 'done',
    })
  })
})
