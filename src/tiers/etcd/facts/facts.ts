/** Asks the members of a cluster what the planner wants to know of them. */
import type { ClusterFacts } from './observed.ts'
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
  const [{ readClusterView }, { judgeFacts, listedMembers }, { outsiderClients }] = await Promise.all([
    import('../../../etcd/view.ts'),
    import('./judge-facts.ts'),
    import('./listed.ts'),
  ])
  const { cluster, signal } = session
  const own = await readClusterView(await session.members(running), signal)
  const outsiders = rosterOf(cluster, listedMembers(own), 0).others
  const others = await readClusterView(await outsiderClients(session, outsiders), signal)
  return judgeFacts(cluster, { own, others, running, kept, verified })
}
