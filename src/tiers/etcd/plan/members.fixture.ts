/** Clusters in which members are added and removed, as the planner sees them. */
import { expect } from 'vitest'
import { peerUrl } from '../../../etcd/configuration.ts'
import { sampleNode } from '../../../etcd/sample.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { ClusterFacts, MemberFacts, Observed } from '../facts/observed.ts'
import { plan } from './plan.ts'
import { BARE_MEMBER, healthyCluster, settledWorld, testCluster, testIntent, withMember } from './testing.ts'

/** The kinds of all steps that change the membership or the leader, in order, with their member. */
export function changes(
  wanted: Cluster,
  observed: Observed,
  replace?: Readonly<Record<string, string>>,
): string[] {
  const { waves, blocked } = plan({ ...testIntent(wanted), replace }, observed)
  expect(blocked).toEqual([])
  return waves.flat().flatMap((step) => {
    if (step.kind === 'member-add') return [`${step.learner ? 'learner' : 'voter'} ${step.node}`]
    if (step.kind === 'promote') return [`promote ${step.node}`]
    if (step.kind === 'member-remove') return [`remove ${step.name || step.memberId}`]
    if (step.kind === 'move-leader') return [`leader ${step.to}`]
    if (step.kind === 'start' || step.kind === 'aside') return [`${step.kind} ${step.host}`]
    return []
  })
}

export function clusterOf(count: number, version = '3.5.16'): Cluster {
  const nodes = Array.from({ length: count }, (_, index) =>
    sampleNode(`etcd0${index + 1}`, `192.168.0.${index + 1}`),
  )
  return testCluster({ nodes }, { version })
}

export function facts(cluster: Cluster): ClusterFacts {
  return healthyCluster(cluster)
}

/** The cluster of `before` is running, and the other nodes of `wanted` are empty. */
export function grown(before: Cluster, wanted: Cluster, added: readonly MemberFacts[] = []): Observed {
  const present = new Set(etcdNodes(before).map(({ name }) => name))
  const world = etcdNodes(wanted)
    .filter(({ name }) => !present.has(name))
    .reduce((all, { name }) => withMember(all, name, BARE_MEMBER), settledWorld(wanted))
  const missing = { etcd: [{ code: 'missing', message: 'is missing' }] } as const
  const certificates = Object.fromEntries(
    Object.entries(world.certificates).map(([name, faults]) => [name, present.has(name) ? faults : missing]),
  )
  const known = facts(before)
  return withFacts({ ...world, certificates }, { ...known, members: [...known.members, ...added] })
}

export function withFacts(observed: Observed, change: Partial<ClusterFacts>): Observed {
  if (observed.cluster === undefined) throw new TypeError('no cluster there')
  return { ...observed, cluster: { ...observed.cluster, ...change } }
}

/** Added, but never started. */
export function neverStarted(cluster: Cluster, name: string, change: Partial<MemberFacts> = {}): MemberFacts {
  const node = etcdNodes(cluster).find((each) => each.name === name)
  if (node === undefined) throw new TypeError(`no ${name}`)
  return {
    id: `id-${name}`,
    name: '',
    peerUrls: [peerUrl(cluster, node)],
    clientUrls: [],
    learner: true,
    ...change,
  }
}
