/** The names and addresses of a certificate, and how they are compared: DNS without case, IP addresses as numbers. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Node } from '../spec/cluster.ts'

/** Subject alternative names. IP addresses without brackets. */
export interface Names {
  readonly dns: readonly string[]
  readonly ips: readonly string[]
}

/** What a certificate must carry and may not go beyond. */
export type AllowedNames = Names

/** None: a client's certificate is known by its common name alone. */
export const NO_NAMES: AllowedNames = { dns: [], ips: [] }

/** Every address and name of the node, and the loopback's, as the certificate of a member carries them. */
export function allowedNames(node: Pick<Node, 'name' | 'names' | 'address' | 'addresses'>): AllowedNames {
  const ips = [node.address, ...node.addresses, '127.0.0.1', '::1']
  return {
    dns: [...new Set([node.name, ...node.names, 'localhost'].map((name) => name.toLowerCase()))],
    ips: [...new Set(ips.map((ip) => canonicalIp(ip) ?? ip))],
  }
}

/**
 * One spelling for each address, so that equal addresses are equal texts; undefined for what is not an address.
 * IPv4 in IPv6 clothes (`::ffff:10.0.0.1`) is the IPv4 address, as for Go's TLS. A zone (`%eth0`) is refused: a
 * certificate can't carry it.
 */
export function canonicalIp(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  return ipaddr.process(text).toString()
}

export interface NameDifference {
  /** Names that should be there and are not, as `DNS etcd01` or `IP 10.0.0.1`. */
  readonly missing: readonly string[]
  /** Names that are there and should not. */
  readonly foreign: readonly string[]
}

/** Compares a request's or certificate's names with the allowed ones. */
export function compareNames(present: Names, allowed: AllowedNames): NameDifference {
  const has = labels(present)
  const wants = labels(allowed)
  return {
    missing: [...wants].filter((label) => !has.has(label)),
    foreign: [...has].filter((label) => !wants.has(label)),
  }
}

function labels(names: Names): Set<string> {
  return new Set([
    ...names.dns.map((name) => `DNS ${printable(name.toLowerCase())}`),
    ...names.ips.map((ip) => `IP ${canonicalIp(ip) ?? printable(ip)}`),
  ])
}

/** A text from a foreign request as it can be shown: control characters and spaces stand out in quotes. */
export function printable(text: string): string {
  return /^[!-~]+$/.test(text) ? text : JSON.stringify(text)
}
