/**
 * Checks that the node doesn't belong to another cluster that quorate manages. The unit and directories look
 * the same.
 */
import type { Cluster, Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

/** No check if there is no cluster ID file of another cluster. */
export function judgeOtherCluster(cluster: Cluster, node: Node, { pinned }: HostFacts): Check[] {
  if (pinned === undefined || pinned === cluster.name) return []
  return [
    judge(node.name, 'cluster', 'Cluster').failure({
      found: `a member of the cluster '${pinned}': /etc/etcd/cluster-id says so`,
      wanted: `no member, or one of '${cluster.name}'`,
      remedy: `remove ${node.name} from this cluster file, or decommission it with the other cluster's file: quorate reset ${node.name}`,
    }),
  ]
}
