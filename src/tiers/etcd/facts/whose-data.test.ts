import { expect, test } from 'vitest'
import { next } from '../plan/next.ts'
import { plan } from '../plan/plan.ts'
import {
  CLUSTER_ID,
  formingWorld,
  settledWorld,
  stopped,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from '../plan/testing.ts'
import type { Observed } from './observed.ts'

const cluster = testCluster()
const world = settledWorld(cluster)
const idOf = (name: string) => world.cluster?.members.find((member) => member.name === name)?.id ?? ''

/** That member is down, and its WAL is of this member and cluster. */
function down(observed: Observed, name: string, memberId: string, clusterId = CLUSTER_ID): Observed {
  return withMember(observed, name, (member) => ({
    ...stopped(member),
    logIdentity: { memberId, clusterId },
  }))
}

const answer = (observed: Observed, replace?: Record<string, string>) => {
  const found = next({ ...testIntent(cluster), ...(replace === undefined ? {} : { replace }) }, observed)
  return found.kind === 'blocked' ? found.reasons.map(({ host }) => host) : found.kind
}

test('a member that is down is started on its own data', () => {
  expect(answer(down(world, 'etcd02', idOf('etcd02')))).toBe('steps')
})

test('and not on that of another: it would vote for both', () => {
  expect(answer(down(world, 'etcd02', idOf('etcd01')))).toEqual(['etcd02'])
  expect(answer(down(world, 'etcd02', 'ffff'))).toEqual(['etcd02'])
})

test('unless it is to be replaced, which renames that data', () => {
  const id = idOf('etcd02')
  expect(answer(down(world, 'etcd02', idOf('etcd01')), { etcd02: id })).toBe('steps')
})

test('if no member answers: not on the same data twice, nor on that of another cluster', () => {
  const silent: Observed = { ...withMembers(world, stopped), cluster: undefined }
  const own = cluster.nodes.reduce((seen, { name }) => down(seen, name, idOf(name)), silent)
  expect(answer(own)).toBe('steps')
  expect(answer(down(own, 'etcd02', idOf('etcd01')))).toEqual(['etcd01', 'etcd02'])
  expect(answer(down(own, 'etcd03', idOf('etcd03'), 'bad'))).toEqual(['etcd03'])
})

test('members that run and do not answer: a plan that waits for them knows no IDs, and takes no data for strange', () => {
  const silent = cluster.nodes.reduce<Observed>(
    (seen, { name }) =>
      withMember(seen, name, { logIdentity: { memberId: idOf(name), clusterId: CLUSTER_ID } }),
    { ...world, cluster: undefined },
  )
  expect(plan(testIntent(cluster), silent).blocked).toEqual([])
})

test('a plan looks ahead: data that is renamed, or that a member runs on, is no longer in the way', () => {
  const first = world.cluster?.members.filter(({ name }) => name !== 'etcd03') ?? []
  const joining: Observed = {
    ...withMember(world, 'etcd03', (member) => ({
      ...stopped(member),
      logIdentity: { memberId: idOf('etcd01'), clusterId: CLUSTER_ID },
    })),
    cluster: world.cluster && { ...world.cluster, members: first, healthy: ['etcd01', 'etcd02'] },
  }
  const { blocked, waves } = plan(testIntent(cluster), joining)
  expect(blocked).toEqual([])
  expect(waves.flat().map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['aside', 'member-add', 'start']),
  )
  const started = formingWorld(cluster)
  const forming = cluster.nodes.reduce((seen, { name }, index) => down(seen, name, `a${index}`, 'bb'), {
    ...started,
    cluster: undefined,
  } as Observed)
  expect(plan(testIntent(cluster), forming).blocked).toEqual([])
})
