/** Leftovers of removed members on their nodes, reported by every command that observes them. */
import type { Observed } from './observed.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { isMemberOf } from './membership-map.ts'
import { unclearedNodes } from '../../../cluster-file/removed-nodes.ts'

export interface LeftBehind {
  readonly host: string
  readonly text: string
}

/**
 * For nodes that quorate removed from the file or from the role. With `observed`, also for nodes that are still in the
 * file, even if their role was removed by hand.
 */
export async function leftBehind(cluster: Cluster, observed?: Observed): Promise<readonly LeftBehind[]> {
  const listed = observed?.cluster?.members ?? []
  const marked = cluster.nodes.filter(
    ({ name, roles }) => !roles.includes('etcd') && observed?.hosts[name]?.pinned === cluster.name,
  )
  const nodes = new Map([...marked, ...(await unclearedNodes(cluster))].map((node) => [node.name, node]))
  return [...nodes.values()]
    .filter((node) => !listed.some((member) => isMemberOf(node, member)))
    .map(({ name: host }) => ({
      host,
      text: `the node left the cluster, but still has etcd's unit and data; to stop etcd and rename its data: quorate member remove ${host}`,
    }))
}
