/** What the agent is asked about a node. Every node is asked: one that used to be a service node has HAProxy to remove. */
import type { Look } from '../../host/operations.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { addressLike, balances, sharesAddress } from './plan/desired.ts'
import { HAPROXY, KEEPALIVED } from './plan/files.ts'

export function balancerLooks(cluster: Cluster, node: Node): readonly Look[] {
  const virtual = cluster.loadBalancer?.virtualAddress
  return [
    serviceLook(HAPROXY, [HAPROXY.configuration, HAPROXY.ca]),
    serviceLook(KEEPALIVED, [KEEPALIVED.configuration, KEEPALIVED.script]),
    ...(balances(cluster, node) ? [['holder', { port: String(cluster.loadBalancer?.port) }] as const] : []),
    ...(virtual !== undefined && sharesAddress(cluster, node)
      ? [['device', { addresses: [addressLike(node, virtual)] }] as const]
      : []),
  ]
}

function serviceLook(
  service: { readonly unit: string; readonly package: string },
  files: readonly string[],
): Look {
  return ['service', { unit: service.unit, package: service.package, files }]
}
