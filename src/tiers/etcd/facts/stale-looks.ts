/** Nodes whose etcd started during the observation: node and members were seen at different times. */
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from './observed.ts'
import { isNeverStarted, rosterOf } from './membership-map.ts'

/**
 * Nodes whose process had no data yet when they were observed, and whose member has started since: that observation
 * proves nothing. etcd creates its WAL last, and the other members learn of its start even later.
 */
export function staleNodes(cluster: Cluster, { hosts, cluster: facts }: Observed): readonly Node[] {
  if (facts === undefined || facts.members.length === 0) return []
  const { members } = rosterOf(cluster, facts.members, 0)
  return etcdNodes(cluster).filter(({ name }) => {
    const [state, member] = [hosts[name]?.member, members.get(name)]
    if (state === undefined || member === undefined || isNeverStarted(member)) return false
    const runs = state.unit.active === 'active' || state.unit.active === 'activating'
    return runs && !(state.dataPresent && state.walPresent)
  })
}
