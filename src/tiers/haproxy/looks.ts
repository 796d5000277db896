/** What the agent is asked about a node. Every node is: one that was a service node has HAProxy to be removed. */
import type { Look } from '../../host/needs.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { addressLike, balances, sharesAddress } from './plan/desired.ts'
import { HAPROXY, KEEPALIVED } from './plan/files.ts'

export function balancerLooks(cluster: Cluster, node: Node): readonly Look[] {
  const virtual = cluster.loadBalancer?.virtualAddress
  return [
    ['service', HAPROXY.unit, HAPROXY.package, HAPROXY.configuration, HAPROXY.ca],
    ['service', KEEPALIVED.unit, KEEPALIVED.package, KEEPALIVED.configuration, KEEPALIVED.script],
    ...(balances(cluster, node) ? [['holder', String(cluster.loadBalancer?.port)] as const] : []),
    ...(virtual !== undefined && sharesAddress(cluster, node)
      ? [['device', addressLike(node, virtual)] as const]
      : []),
  ]
}
