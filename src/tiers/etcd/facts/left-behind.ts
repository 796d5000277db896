/** What members that left have left on their machines: told by whoever comes by. */
import type { Observed } from './observed.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { isMemberOf } from './membership-map.ts'
import { unclearedNodes } from '../../../cluster-file/removed-nodes.ts'

export interface LeftBehind {
  readonly host: string
  readonly text: string
}

/**
 * Of nodes that left the file or lost their role through quorate; and with `observed` of those as well that still stand
 * in the file, whoever took the role from them.
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
      text: `it left the cluster, and still has etcd's unit and data; to stop the one and move the other aside: quorate member remove ${host}`,
    }))
}
