/** Does the machine belong to another cluster of quorate's? Its unit and directories look like ours, and are not. */
import type { Cluster, Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

/** No check where there is no other cluster's mark. */
export function judgeOtherCluster(cluster: Cluster, node: Node, { pinned }: HostFacts): Check[] {
  if (pinned === undefined || pinned === cluster.name) return []
  return [
    judge(node.name, 'cluster', 'Cluster').failure({
      found: `a member of the cluster '${pinned}': /etc/etcd/cluster-id says so`,
      wanted: `no member, or one of '${cluster.name}'`,
      remedy: `take ${node.name} out of this cluster file, or clear it with the other cluster's file: quorate reset ${node.name}`,
    }),
  ]
}
