/** Checks a flannel configuration for everything that can be judged before it is written. */
import type { FlannelConfig } from '../spec/cluster.ts'
import { checkBackend } from './backend.ts'
import {
  formatCidr,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
  type Network,
  ADDRESS_BITS,
} from './cidr.ts'
import { CONFIG_KEYS, flannelSpelling } from './config.ts'
import type { Complaint, FlannelProblem } from './problem.ts'
import { IPV4, IPV6, resolveSubnets, type Subnets } from './subnets.ts'
import { counted } from '../spec/units.ts'

/** What exists already and must stay reachable. */
export interface NetworkContext {
  readonly taken?: readonly {
    /** For the message: `the address of etcd01`, `a route on worker01`, `the service network`. */
    readonly what: string
    /** An IP address or a network; a default route doesn't count as an overlap. */
    readonly network: string
  }[]
}

/** Ranges that pods can't use. RFC 6890, RFC 4291. */
const SPECIAL: readonly (readonly [cidr: string, what: string])[] = [
  ['0.0.0.0/8', "'this network' addresses"],
  ['127.0.0.0/8', 'loopback addresses'],
  ['169.254.0.0/16', 'link-local addresses'],
  ['224.0.0.0/4', 'multicast addresses'],
  ['240.0.0.0/4', 'reserved addresses'],
  ['::/127', 'the unspecified address and loopback'],
  ['::ffff:0:0/96', 'IPv4-mapped addresses'],
  ['fe80::/10', 'link-local addresses'],
  ['ff00::/8', 'multicast addresses'],
]

/**
 * All problems at once: what flannel itself refuses (pkg/subnet/config.go), and what it does not check (overlaps, an
 * empty range of subnets, option ranges, unknown keys). Without errors, flannel accepts the configuration unchanged.
 */
export function checkFlannelConfig(
  config: FlannelConfig,
  context: NetworkContext = {},
): readonly FlannelProblem[] {
  const problems: FlannelProblem[] = []
  const complain: Complaint = (severity, key, message) => problems.push({ severity, key, message })
  checkKeys(config, complain)
  const families = [IPV4, ...(config.EnableIPv6 === true ? [IPV6] : [])]
  for (const keys of families) {
    const subnets = resolveSubnets(config, keys, complain)
    const network = subnets?.network ?? parseCidr(config[keys.network] ?? '')
    if (network !== undefined) checkPlace(network, keys.network, context, complain)
  }
  if (config.EnableIPv6 !== true && config.IPv6Network !== undefined) {
    complain('warning', 'IPv6Network', 'is not used without EnableIPv6: true')
  }
  checkBackend(config.Backend, complain)
  return problems
}

export interface Capacity {
  /** Number of nodes that get a subnet. */
  readonly nodes: number
  /** Number of pod addresses on one node. */
  readonly podsPerNode: number
}

/**
 * The capacity of a configuration in etcd mode: 255 nodes with 253 pods each for a /16 with SubnetLen 24. flannel never
 * assigns the first subnet. In each subnet, flannel's device, the bridge and (IPv4) the broadcast address are not
 * available to pods. With IPv6 as well, the smaller capacity counts. undefined for a configuration with errors.
 */
export function capacity(config: FlannelConfig): Capacity | undefined {
  const parts = [capacityOf(resolveSubnets(config, IPV4, silent), 3n)]
  if (config.EnableIPv6 === true) parts.push(capacityOf(resolveSubnets(config, IPV6, silent), 2n))
  return parts.reduce((one, other) => {
    if (one === undefined || other === undefined) return undefined
    return {
      nodes: Math.min(one.nodes, other.nodes),
      podsPerNode: Math.min(one.podsPerNode, other.podsPerNode),
    }
  })
}

/** `255 nodes with 253 pods each`, or undefined for a configuration with errors. */
export function describeCapacity(config: FlannelConfig): string | undefined {
  const held = capacity(config)
  if (held === undefined) return undefined
  const { nodes, podsPerNode } = held
  return `${counted(nodes, 'node')} with ${counted(podsPerNode, 'pod')} each`
}

/** `checkFlannelConfig` reports the errors. */
const silent: Complaint = () => undefined

function capacityOf(subnets: Subnets | undefined, notForPods: bigint): Capacity | undefined {
  if (subnets === undefined) return undefined
  const nodes = (subnets.max - subnets.min) / subnets.size + 1n
  return { nodes: Number(nodes), podsPerNode: Number(subnets.size - notForPods) }
}

function checkKeys(config: FlannelConfig, complain: Complaint): void {
  for (const key of Object.keys(config)) {
    const known = flannelSpelling(key)
    if (!(CONFIG_KEYS as readonly string[]).includes(known))
      complain('warning', key, 'is unknown to flannel, which ignores it')
    else if (known !== key) complain('warning', key, `is read as ${known}: write it in this spelling`)
  }
}

function checkPlace(
  network: Network,
  key: string,
  { taken = [] }: NetworkContext,
  complain: Complaint,
): void {
  for (const [cidr, what] of SPECIAL) {
    const special = parseCidr(cidr)
    if (special !== undefined && overlaps(network, special)) {
      complain('error', key, `${formatCidr(network)} contains ${what} (${cidr}), which pods can't have`)
    }
  }
  for (const { what, network: text } of taken) {
    const other = parseNetwork(text)
    // Pods take precedence over a default route, and over the two halves that VPNs set instead of one.
    if (other === undefined || other.prefix <= 1 || !overlaps(network, other)) continue
    complain('error', key, `${formatCidr(network)} overlaps ${what}, ${text}: traffic to it would go to pods`)
  }
}

function parseNetwork(text: string): Network | undefined {
  if (text.includes('/')) return parseCidr(text)
  const address = parseAddress(text)
  return address && networkOf(address.family, address.value, ADDRESS_BITS[address.family])
}
