/** Checks that the networks of pods and Services are unused. Neither flannel nor Kubernetes checks this. */
import ipaddr from 'ipaddr.js'
import type { Cluster, Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts, InterfaceAddress, Route } from './facts.ts'

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

const SERVICES = 'service-network'

/** Interfaces that flannel and the CNI plugin create. */
const FLANNEL_DEVICES = /^(flannel|cni\d)/

export function podNetworks({ network, kubernetes }: Cluster): string[] {
  const { Network, IPv6Network } = network?.config ?? {}
  const all = [Network, IPv6Network, ...(kubernetes?.podNetwork.split(',') ?? [])]
  return [...new Set(all.filter((one) => one !== undefined && one !== '') as string[])]
}

/** One check for each network of pods or Services; none if the cluster file has neither. */
export function judgePodNetworks(cluster: Cluster, node: Node, facts: HostFacts): Check[] {
  const { kubernetes } = cluster
  const key = cluster.network === undefined ? 'kubernetes.podNetwork' : 'network'
  const pods = { id: 'pod-network', title: 'Pod network', key }
  const services = { id: SERVICES, title: 'Service network', key: 'kubernetes.serviceNetwork' }
  return [
    ...podNetworks(cluster).map((network) => judgeNetwork(cluster, node, facts, { ...pods, network })),
    ...(kubernetes?.serviceNetwork.split(',') ?? []).map((network) =>
      judgeNetwork(cluster, node, facts, { ...services, network }),
    ),
  ]
}

interface Asked {
  /** CIDR. */
  readonly network: string
  readonly id: string
  readonly title: string
  /** Of the cluster file. */
  readonly key: string
}

function judgeNetwork(
  cluster: Cluster,
  node: Node,
  { addresses, routes }: HostFacts,
  { network: text, id, title, key }: Asked,
): Check {
  const check = judge(node.name, id, title)
  const wanted = `${text} unused on the node`
  const remedy = `choose another range for \`${key}\` in the cluster file: existing addresses in ${text} would become unreachable`
  if (addresses === undefined || routes === undefined) {
    return check.warning({
      found: 'addresses and routes could not be read',
      wanted,
      remedy: 'compare by hand: ip address; ip route',
    })
  }
  const network = parseNetwork(text)
  if (network === undefined) return check.failure({ found: `${text} is not a network`, wanted, remedy })
  const used = addresses.find((one) => !FLANNEL_DEVICES.test(one.device) && containsAddress(network, one))
  if (used !== undefined)
    return check.failure({ found: `${used.address} on ${used.device} lies in it`, wanted, remedy })
  const peers = new Set(cluster.nodes.flatMap((peer) => [peer.address, ...peer.addresses]))
  // quorate gives a node without a default route a route to the Services, over its own network.
  const isOwn = ({ destination, gateway }: Route) =>
    id === SERVICES && destination === text && gateway === undefined
  const overlapping = routes.filter(
    (route) =>
      !isFlannels(route, peers) && !isOwn(route) && overlap(network, parseNetwork(route.destination)),
  )
  // A wider route to a router is usually a whole company's range: flannel's routes are more specific and win.
  const wider = (route: Route) => route.gateway !== undefined && prefixOf(route) < network[1]
  const taken = overlapping.find((route) => !wider(route))
  if (taken !== undefined)
    return check.failure({ found: `the route ${describe(taken)} overlaps it`, wanted, remedy })
  const [behind] = overlapping
  if (behind === undefined) return check.ok({ found: 'unused', wanted })
  return check.warning({
    found: `part of the route ${describe(behind)}`,
    wanted,
    remedy: `choose another range for \`${key}\`, or check that you need no host in ${text}: pods get its traffic`,
  })
}

/** Routes over flannel's interfaces and those of its host-gw backend lead to another node. */
function isFlannels({ device, gateway }: Route, peers: ReadonlySet<string>): boolean {
  return FLANNEL_DEVICES.test(device ?? '') || (gateway !== undefined && peers.has(gateway))
}

/**
 * Undefined for `default`, and for the two halves of the address space that VPNs route instead: they don't
 * count as an overlap.
 */
function parseNetwork(text: string): Network | undefined {
  if (ipaddr.isValidCIDR(text)) {
    const [address, prefix] = ipaddr.parseCIDR(text)
    return prefix <= 1 ? undefined : [address, prefix]
  }
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function prefixOf(route: Route): number {
  return parseNetwork(route.destination)?.[1] ?? 0
}

function containsAddress(network: Network, { address }: InterfaceAddress): boolean {
  return ipaddr.isValid(address) && overlap(network, parseNetwork(address))
}

/** Two networks overlap exactly if one's start lies within the shorter prefix of both. */
function overlap(one: Network, other: Network | undefined): boolean {
  if (other === undefined || one[0].kind() !== other[0].kind()) return false
  const prefix = Math.min(one[1], other[1])
  return one[0].match([other[0], prefix] as never)
}

function describe({ destination, gateway, device }: Route): string {
  return [destination, gateway ? `via ${gateway}` : '', device ? `on ${device}` : '']
    .filter((part) => part !== '')
    .join(' ')
}
