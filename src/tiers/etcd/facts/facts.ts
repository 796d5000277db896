/** Asks the members of a cluster for their facts. */
import type { ClusterView } from '../../../etcd/view.ts'
import type { ClusterFacts, Observed } from './observed.ts'
import { rosterOf } from './membership-map.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'

/** @param running nodes whose unit is up. @param kept those that an operator stopped. @returns undefined if no member answers at all. */
export async function clusterFacts(
  session: Session,
  running: readonly Node[],
  verified: boolean,
  kept: readonly Node[] = [],
): Promise<ClusterFacts | undefined> {
  return (await askRunning(session, running, verified, kept)).cluster
}

export async function askRunning(
  session: Session,
  running: readonly Node[],
  verified: boolean,
  kept: readonly Node[] = [],
): Promise<Pick<Observed, 'cluster' | 'silent'>> {
  const { readClusterView } = await import('../../../etcd/view.ts')
  const own = await readClusterView(await session.members(running), session.signal)
  return await withOthers(session, own, { verified, kept })
}

/** Also asks members that the cluster lists but the file doesn't. @param own what the file's members report */
export async function withOthers(
  session: Session,
  own: ClusterView,
  known: { readonly verified: boolean; readonly kept?: readonly Node[] },
): Promise<Pick<Observed, 'cluster' | 'silent'>> {
  const [{ readClusterView }, { judgeFacts, listedMembers, silenceIn }, { outsiderClients }] =
    await Promise.all([import('../../../etcd/view.ts'), import('./judge-facts.ts'), import('./listed.ts')])
  const { cluster, signal } = session
  const outsiders = rosterOf(cluster, listedMembers(own), 0).others
  const via = cluster.nodes.find(({ name }) =>
    own.members.some((member) => member.name === name && member.reachable),
  )
  const others = await readClusterView(await outsiderClients(session, outsiders, via), signal)
  return { cluster: judgeFacts(cluster, { own, others, ...known }), silent: silenceIn(own) }
}
