/** Machines that etcd has outrun: what was seen there and what the members say are of different moments. */
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from './observed.ts'
import { isNeverStarted, rosterOf } from './membership-map.ts'

/**
 * Those whose process had not made its data yet when it was looked for, and whose member has started since: nothing is
 * to be concluded from that look. etcd makes its log last, and of its start the others hear later still.
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
