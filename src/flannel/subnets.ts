/** How flannel divides a network into one subnet per node, and the resulting capacity. */
import type { FlannelConfig } from '../spec/cluster.ts'
import { formatAddress, type Family, type Network, parseAddress, parseCidr, subnetSize } from './cidr.ts'
import type { Complaint } from './problem.ts'

/** One address family's part of a configuration, by that family's keys. */
export interface FamilyKeys {
  readonly family: Family
  readonly network: 'Network' | 'IPv6Network'
  readonly length: 'SubnetLen' | 'IPv6SubnetLen'
  readonly min: 'SubnetMin' | 'IPv6SubnetMin'
  readonly max: 'SubnetMax' | 'IPv6SubnetMax'
  /** Subnets with a longer prefix have no space for a device and a bridge. */
  readonly longest: number
  /** The default prefix length for a node, if at least four such subnets fit. */
  readonly usual: number
}

export const IPV4: FamilyKeys = {
  family: 'ipv4',
  network: 'Network',
  length: 'SubnetLen',
  min: 'SubnetMin',
  max: 'SubnetMax',
  longest: 30,
  usual: 24,
}

export const IPV6: FamilyKeys = {
  family: 'ipv6',
  network: 'IPv6Network',
  length: 'IPv6SubnetLen',
  min: 'IPv6SubnetMin',
  max: 'IPv6SubnetMax',
  longest: 126,
  usual: 64,
}

/** Subnets that can be assigned start at `min`, `min` + `size` … `max`. */
export interface Subnets {
  readonly network: Network
  readonly length: number
  readonly size: bigint
  readonly min: bigint
  readonly max: bigint
}

/**
 * The subnets of one family as flannel computes them (pkg/subnet/config.go, CheckNetworkConfig). Calls `complain` for
 * each fault; undefined: they can't be computed.
 */
export function resolveSubnets(
  config: FlannelConfig,
  keys: FamilyKeys,
  complain: Complaint,
): Subnets | undefined {
  const text = config[keys.network]
  const network = typeof text === 'string' ? parseCidr(text) : undefined
  if (network === undefined || network.family !== keys.family) {
    const example = keys.family === 'ipv4' ? '10.5.0.0/16' : 'fd00:10:5::/48'
    const what = text === undefined || text === '' ? 'is missing' : `is ${JSON.stringify(text)}`
    complain(
      'error',
      keys.network,
      `${what}: flannel requires ${keys.family === 'ipv4' ? 'an IPv4' : 'an IPv6'} network such as ${example}`,
    )
    return undefined
  }
  if (network.given !== network.first) {
    const used = `${formatAddress(keys.family, network.first)}/${network.prefix}`
    complain('warning', keys.network, `${text} has host bits set: flannel reads it as ${used}`)
  }
  const length = resolveLength(config, keys, network, complain)
  if (length === undefined) return undefined
  const size = subnetSize(keys.family, length)
  // flannel never assigns the first subnet: its first address is that of the network itself.
  const min = resolveEnd(config, keys, keys.min, network, size, network.first + size, complain)
  const max = resolveEnd(config, keys, keys.max, network, size, network.last + 1n - size, complain)
  if (min === undefined || max === undefined) return undefined
  if (min > max) {
    const [from, to] = [min, max].map((end) => formatAddress(keys.family, end))
    complain('error', keys.min, `${from} is greater than ${keys.max} ${to}: there is no subnet to allocate`)
    return undefined
  }
  return { network, length, size, min, max }
}

function resolveLength(
  config: FlannelConfig,
  keys: FamilyKeys,
  network: Network,
  complain: Complaint,
): number | undefined {
  const wanted = config[keys.length]
  if (wanted !== undefined && wanted !== 0) {
    if (!Number.isInteger(wanted) || wanted < 0) {
      complain(
        'error',
        keys.length,
        `is ${JSON.stringify(wanted)}: flannel requires an integer without quotes`,
      )
    } else if (wanted > keys.longest) {
      complain(
        'error',
        keys.length,
        `is ${wanted}: at most ${keys.longest}, or there is no room for a pod in addition to the device and the bridge`,
      )
    } else if (wanted < network.prefix + 2) {
      const least = network.prefix + 2
      const room = `a /${network.prefix} network must hold at least four subnets`
      complain('error', keys.length, `is ${wanted}: ${room}, so at least ${least}`)
    } else return wanted
    return undefined
  }
  if (network.prefix > keys.longest - 2) {
    complain('error', keys.network, `is too small: a /${keys.longest - 2} at least, for four subnets`)
    return undefined
  }
  return network.prefix <= keys.usual - 2 ? keys.usual : network.prefix + 2
}

function resolveEnd(
  config: FlannelConfig,
  keys: FamilyKeys,
  key: FamilyKeys['min' | 'max'],
  network: Network,
  size: bigint,
  otherwise: bigint,
  complain: Complaint,
): bigint | undefined {
  const text = config[key]
  if (text === undefined || text === '') return otherwise
  const address = parseAddress(text)
  if (address === undefined || address.family !== keys.family) {
    complain(
      'error',
      key,
      `is ${JSON.stringify(text)}: flannel requires the first address of a subnet, such as ${formatAddress(keys.family, otherwise)}`,
    )
  } else if (address.value < network.first || address.value > network.last) {
    complain('error', key, `${text} is not inside ${keys.network} ${config[keys.network]}`)
  } else if (address.value % size !== 0n) {
    const [below, above] = [
      address.value - (address.value % size),
      address.value - (address.value % size) + size,
    ]
    const near = `${formatAddress(keys.family, below)} and ${formatAddress(keys.family, above)}`
    complain('error', key, `${text} is not the first address of a subnet: the nearest are ${near}`)
  } else return address.value
  return undefined
}
