/** Networks as integers, for both address families, so that ranges, sizes and overlaps are simple arithmetic. */
import ipaddr from 'ipaddr.js'

export type Family = 'ipv4' | 'ipv6'

/** Addresses from `first` to `last`, both included; their number is a power of two. */
export interface Network {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
  readonly prefix: number
}

export const ADDRESS_BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 }

/**
 * Parses `10.5.0.0/16` or `fd00::/48` like Go's net.ParseCIDR: IPv4 in four decimal parts without leading zeros.
 * `given` is the address before its host bits were masked. undefined: not a network.
 */
export function parseCidr(text: string): (Network & { readonly given: bigint }) | undefined {
  const [address, prefixText, ...rest] = text.split('/')
  if (address === undefined || prefixText === undefined || rest.length > 0) return undefined
  const parsed = parseAddress(address)
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) : Infinity
  if (parsed === undefined || prefix > ADDRESS_BITS[parsed.family]) return undefined
  return { ...networkOf(parsed.family, parsed.value, prefix), given: parsed.value }
}

export function parseAddress(text: string): { readonly family: Family; readonly value: bigint } | undefined {
  // An address with a zone (fe80::1%eth0) is not valid in a network.
  if (text.includes('%')) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(text))
    return { family: 'ipv4', value: toNumber(ipaddr.IPv4.parse(text)) }
  if (text.includes(':') && ipaddr.IPv6.isValid(text))
    return { family: 'ipv6', value: toNumber(ipaddr.IPv6.parse(text)) }
  return undefined
}

/** The network of this prefix length that contains the address. */
export function networkOf(family: Family, address: bigint, prefix: number): Network {
  const size = subnetSize(family, prefix)
  const first = address - (address % size)
  return { family, first, last: first + size - 1n, prefix }
}

/** Number of addresses in a subnet of this prefix length. */
export function subnetSize(family: Family, prefix: number): bigint {
  return 1n << BigInt(ADDRESS_BITS[family] - prefix)
}

export function overlaps(one: Network, other: Network): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last
}

export function formatAddress(family: Family, value: bigint): string {
  const length = ADDRESS_BITS[family] / 8
  const bytes = Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn),
  )
  return ipaddr.fromByteArray(bytes).toString()
}

export function formatCidr({ family, first, prefix }: Network): string {
  return `${formatAddress(family, first)}/${prefix}`
}

function toNumber(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}
