/** Everything about a flannel configuration that can be judged before anything is written. */
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

/** What is there already and must stay reachable. */
export interface NetworkContext {
  readonly taken?: readonly {
    /** For the message: `the address of etcd01`, `a route on worker01`, `the service network`. */
    readonly what: string
    /** An IP address or a network; a default route is no overlap. */
    readonly network: string
  }[]
}

/** Where no pod can live. RFC 6890, RFC 4291. */
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
 * Every problem at once: what flannel itself refuses (pkg/subnet/config.go), and what it does not look at: overlaps,
 * an empty range of subnets, option ranges, unknown keys. No error among them: flannel takes it as it stands.
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
  /** How many nodes get a subnet. */
  readonly nodes: number
  /** How many pods one node has addresses for. */
  readonly podsPerNode: number
}

/**
 * What a configuration holds, in etcd mode: 255 nodes of 253 pods each for a /16 with SubnetLen 24. The first subnet
 * is never given out; in each, flannel's device, the bridge and (IPv4) the broadcast address are not for pods. With
 * IPv6 too, the smaller of both. undefined for a configuration with errors.
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

/** What is wrong is for `checkFlannelConfig` to say. */
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
    // A default route, and the two halves that VPNs set instead of one, lead everywhere: pods win over them.
    if (other === undefined || other.prefix <= 1 || !overlaps(network, other)) continue
    complain('error', key, `${formatCidr(network)} overlaps ${what}, ${text}: traffic to it would go to pods`)
  }
}

function parseNetwork(text: string): Network | undefined {
  if (text.includes('/')) return parseCidr(text)
  const address = parseAddress(text)
  return address && networkOf(address.family, address.value, ADDRESS_BITS[address.family])
}
