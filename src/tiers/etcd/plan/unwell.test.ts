/** Requested changes of a cluster that is unhealthy at the moment; the simulation found most of them. */
import { expect, test } from 'vitest'
import { sampleNode } from '../../../etcd/sample.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { next } from './next.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import {
  formingWorld,
  glance,
  healthyCluster,
  reasonsOf,
  settledWorld,
  stepsOf,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from './testing.ts'

const cluster = testCluster()
const slower = testCluster({}, { settings: { 'heartbeat-interval': '200' } })
const settled = settledWorld(cluster)
const shown = (wanted: Cluster, observed: Observed) => glance(stepsOf(next(testIntent(wanted), observed)))

const unit = (change: Partial<MemberState['unit']>) => (member: MemberState) => ({
  unit: { ...member.unit, ...change },
})
const down = unit({ active: 'inactive', environment: undefined })
const starting = unit({ active: 'activating' })
const withFacts = (observed: Observed, change: Partial<ClusterFacts> | undefined): Observed => ({
  ...observed,
  cluster: change === undefined ? undefined : { ...healthyCluster(cluster), ...change },
})
const moved = (...names: string[]) =>
  testCluster({
    nodes: cluster.nodes.map((node) =>
      names.includes(node.name) ? { ...node, address: node.address.replace('192.168.0', '10.0.0') } : node,
    ),
  })

test('no member is restarted while another is far behind with the log', () => {
  expect(shown(slower, settled)).toContain('etcd02 restart')
  expect(shown(slower, withFacts(settled, { lag: { etcd03: 5_000 } }))).toEqual(['await-health'])
  expect(shown(slower, withFacts(settled, { lag: { etcd03: 100 } }))).toContain('etcd02 restart')
})

test('a member that is stopped and is to be elsewhere starts only when the others know where', () => {
  const away = withFacts(withMember(settled, 'etcd03', down), { healthy: ['etcd01', 'etcd02'] })
  const first = shown(moved('etcd03'), away)
  expect(first).not.toContain('etcd03 start')
  const ready = { ...away, hosts: { ...away.hosts, etcd03: settledWorld(moved('etcd03')).hosts['etcd03']! } }
  expect(shown(moved('etcd03'), withMember(ready, 'etcd03', down))).toEqual(['member-update'])
})

test('a member that is to be elsewhere, was starting when it was seen and answers now, stays while another is away', () => {
  const there = settledWorld(moved('etcd03')).hosts['etcd03']!
  const ready = withMember({ ...settled, hosts: { ...settled.hosts, etcd03: there } }, 'etcd03', starting)
  const one = { healthy: ['etcd01', 'etcd03'], problems: ['etcd02 is silent'] }
  expect(shown(moved('etcd03'), withFacts(ready, one))).not.toContain('member-update')
})

test('a member that keeps starting with the wrong options is restarted: a start would change nothing', () => {
  const sick = withFacts(withMember(settled, 'etcd02', starting), { healthy: ['etcd01', 'etcd03'] })
  const steps = shown(slower, sick)
  expect(steps).toContain('etcd02 restart')
  expect(steps).not.toContain('etcd02 start')
})

test('a sick member is not restarted while the others are enough only with one that is far behind', () => {
  const sick = withFacts(withMember(settled, 'etcd02', starting), {
    healthy: ['etcd01', 'etcd03'],
    lag: { etcd03: 5_000 },
  })
  expect(shown(slower, sick)).not.toContain('etcd02 restart')
})

test('a leader that does not answer quorate is left alone while others follow it', () => {
  const silent = { healthy: ['etcd02', 'etcd03'], leader: 'etcd01', problems: ['etcd01 is silent'] }
  const done = withMembers(settled, {})
  const others = {
    etcd02: settledWorld(slower).hosts['etcd02']!,
    etcd03: settledWorld(slower).hosts['etcd03']!,
  }
  const world = withFacts({ ...done, hosts: { ...done.hosts, ...others } }, silent)
  expect(shown(slower, world)).toEqual(['await-health'])
})

test('if no client is served, all that wait for each other are restarted together', () => {
  const sick = withFacts(withMembers(settled, starting), undefined)
  const restarted = shown(slower, sick).filter((step) => step.endsWith(' restart'))
  expect(restarted).toEqual(['etcd01 restart', 'etcd02 restart', 'etcd03 restart'])
})

test("members that don't answer quorate may still serve clients", () => {
  expect(shown(slower, withFacts(settled, undefined))).toEqual(['await-health'])
})

test('no member is restarted at a new address that the others could not learn', () => {
  const leaderless = {
    leader: undefined,
    healthy: [],
    problems: ['no leader'],
    lag: { etcd01: 0, etcd02: 0 },
  }
  expect(shown(moved('etcd01', 'etcd02'), withFacts(settled, leaderless))).toEqual(['await-health'])
})

test('members that are down are not started at new addresses if they are too many to find each other', () => {
  const stopped = withFacts(withMember(withMember(settled, 'etcd01', down), 'etcd02', down), {
    leader: undefined,
    healthy: [],
    problems: ['no leader'],
  })
  const reasons = reasonsOf(next(testIntent(moved('etcd01', 'etcd02')), stopped))
  expect(reasons.map(({ host }) => host)).toEqual(['etcd01', 'etcd02'])
  expect(reasons[0]?.id).toBe('address-needs-a-leader')
})

test('new members in the file do not make up for members that could not be found', () => {
  const two = testCluster({ nodes: cluster.nodes.slice(0, 2) })
  const facts = { ...healthyCluster(two), leader: undefined, healthy: [], problems: ['no leader'] }
  const waiting = { ...withMember(settled, 'etcd01', down), cluster: facts }
  expect(reasonsOf(next(testIntent(moved('etcd01')), waiting)).map(({ host }) => host)).toEqual(['etcd01'])
})

test('before etcd 3.4 a second member takes the leader away until it is started: it is', () => {
  const old = { version: '3.3.25' }
  const one = testCluster({ nodes: cluster.nodes.slice(0, 1) }, old)
  const two = testCluster({ nodes: cluster.nodes.slice(0, 2) }, old)
  const facts = healthyCluster(one)
  const neverStarted = {
    id: '9',
    name: '',
    peerUrls: ['https://192.168.0.2:2380'],
    clientUrls: [],
    learner: false,
  }
  const world = settledWorld(two)
  const waiting: Observed = {
    ...withMember(world, 'etcd02', (member) => ({
      ...down(member),
      dataPresent: false,
      walPresent: false,
      contents: Object.fromEntries(Object.entries(member.contents).filter(([path]) => path === PATHS.unit)),
    })),
    cluster: {
      ...facts,
      members: [...facts.members, neverStarted],
      healthy: [],
      leader: undefined,
      problems: ['etcd01 knows of no leader'],
    },
  }
  expect(shown(two, waiting)).toContain('etcd02 start')
  // Its unit is an earlier member's, which systemd keeps restarting.
  const earlier = settled.hosts['etcd02']!.member!
  const tried = shown(
    two,
    withMember(waiting, 'etcd02', (member) => ({
      ...starting(member),
      contents: { ...member.contents, [PATHS.environment]: earlier.contents[PATHS.environment]! },
    })),
  )
  expect(tried).toEqual([`etcd02 file ${PATHS.environment}`, 'etcd02 restart'])
})

test('what members remember of each other stays until the cluster has the members of the file', () => {
  const newcomer = sampleNode('etcd04', '192.168.0.4')
  const other = testCluster({ nodes: [...cluster.nodes.slice(0, 2), newcomer] })
  const bare = { ...settledWorld(other), cluster: healthyCluster(cluster) }
  const world: Observed = {
    ...bare,
    hosts: {
      ...bare.hosts,
      ...settled.hosts,
      etcd04: { ...bare.hosts['etcd04']!, member: { ...bare.hosts['etcd04']!.member!, contents: {} } },
    },
  }
  const written = stepsOf(next(testIntent(other), world)).filter(
    (step) => step.kind === 'file' && step.path === PATHS.environment,
  )
  expect(written).toEqual([])
})

const again = (name: string) => [`${name} file ${PATHS.environment}`, `${name} restart`]

test('a first start with settings that keep members from getting ready, corrected in the file: all are restarted together', () => {
  const started = withFacts(withMembers(formingWorld(cluster), starting), undefined)
  expect(shown(slower, started)).toEqual(['etcd01', 'etcd02', 'etcd03'].flatMap(again))
  // systemd has just created the processes, and they don't run etcd yet.
  const made = withMembers(started, unit({ active: 'activating', environment: { PATH: '/usr/bin' } }))
  expect(shown(slower, made)).toEqual(['etcd01', 'etcd02', 'etcd03'].flatMap(again))
  // One of them was between two attempts: it gets its file, and starts with the others.
  const between = withMember(started, 'etcd02', unit({ active: 'activating', environment: undefined }))
  expect(shown(slower, between)).toEqual([`etcd02 file ${PATHS.environment}`])
  const contents = formingWorld(slower).hosts['etcd02']?.member?.contents ?? {}
  const written = withMember(between, 'etcd02', { contents })
  const together = [...again('etcd01'), ...again('etcd03'), 'etcd02 start', 'etcd02 ready']
  expect(shown(slower, written)).toEqual(together)
})

test('while a cluster forms one member alone runs with what it should not: it is restarted if the others are a quorum', () => {
  const former = formingWorld(cluster).hosts['etcd03']?.member
  const odd = withMember(formingWorld(slower), 'etcd03', ({ unit: now }) => ({
    contents: former?.contents ?? {},
    unit: { ...now, active: 'activating', environment: former?.unit.environment },
  }))
  const most = { healthy: ['etcd01', 'etcd02'], problems: ['etcd03 is silent'] }
  expect(shown(slower, withFacts(odd, most))).toEqual([`etcd03 file ${PATHS.environment}`, 'etcd03 restart'])
  const few = { healthy: ['etcd01'], problems: ['etcd02 and etcd03 do not answer'] }
  expect(shown(slower, withFacts(odd, few))).toEqual(['await-health'])
})
