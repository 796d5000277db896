/** What each service node should have: files with their contents, or none. */
import { isIPv6 } from 'node:net'
import type { Hosts } from '../../../engine/tier.ts'
import type { HostState } from '../../../host/state.ts'
import { type Cluster, type Node, nodesWith } from '../../../spec/cluster.ts'
import { haproxyConfiguration } from './configuration.ts'
import { HAPROXY, KEEPALIVED } from './files.ts'
import { healthScript, keepalivedConfiguration } from './keepalived.ts'

export interface DesiredFile {
  readonly path: string
  readonly content: string
  readonly mode: string
  readonly check: readonly string[]
}

/** The files of one unit on one node. */
export interface DesiredService {
  readonly unit: string
  readonly files: readonly DesiredFile[]
}

/** Whether a node should balance. */
export function balances({ loadBalancer }: Cluster, { roles }: Node): boolean {
  return loadBalancer !== undefined && roles.includes('service')
}

/** Whether a node should share the virtual address. */
export function sharesAddress(cluster: Cluster, node: Node): boolean {
  return balances(cluster, node) && cluster.loadBalancer?.virtualAddress !== undefined
}

/** undefined: the unit must not exist. */
export function desiredHaproxy(cluster: Cluster, node: Node, host: HostState): DesiredService | undefined {
  const { loadBalancer } = cluster
  if (loadBalancer === undefined || !balances(cluster, node)) return undefined
  const found = host.services?.files[HAPROXY.ca]
  const addresses = [...nodesWith(cluster, 'service'), node].flatMap((one) => [one.address, ...one.addresses])
  const content = haproxyConfiguration({
    cluster: cluster.name,
    balancer: loadBalancer,
    masters: nodesWith(cluster, 'master'),
    ipv6: [...addresses, loadBalancer.virtualAddress ?? ''].some((address) => isIPv6(address)),
    // Only a file of root's may decide what HAProxy trusts.
    ca: found?.plain === true && found.owner === 'root' ? found.text : undefined,
    keepaliveTimes: !(host.os.id === 'debian' && host.os.version === '11'),
  })
  const check = ['haproxy', '-c', '-q', '-f']
  return { unit: HAPROXY.unit, files: [{ path: HAPROXY.configuration, content, mode: '644', check }] }
}

/** undefined: the unit must not exist. */
export function desiredKeepalived(cluster: Cluster, node: Node, hosts: Hosts): DesiredService | undefined {
  const virtualAddress = cluster.loadBalancer?.virtualAddress
  if (virtualAddress === undefined || !sharesAddress(cluster, node)) return undefined
  const nodes = nodesWith(cluster, 'service')
  const own = addressLike(node, virtualAddress)
  const device = hosts[node.name]?.services?.devices[own]
  // If it is missing, `refusals.ts` reports it.
  if (device === undefined) return undefined
  const content = keepalivedConfiguration({
    cluster: cluster.name,
    virtualAddress,
    own,
    peers: nodes.filter((one) => one.name !== node.name).map((one) => addressLike(one, virtualAddress)),
    device,
    turn: nodes.findIndex((one) => one.name === node.name),
  })
  return {
    unit: KEEPALIVED.unit,
    files: [
      { path: KEEPALIVED.script, content: healthScript(cluster.name), mode: '755', check: [] },
      { path: KEEPALIVED.configuration, content, mode: '644', check: ['keepalived', '-t', '-f'] },
    ],
  }
}

/** A node's address of the same family as the other's. The check of the cluster file makes sure that there is one. */
export function addressLike(node: Node, other: string): string {
  const all = [node.address, ...node.addresses]
  return all.find((address) => isIPv6(address) === isIPv6(other)) ?? node.address
}
