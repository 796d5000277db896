/** The names and addresses of a certificate, and how they are compared: DNS without case, IP addresses as numbers. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Node } from '../spec/cluster.ts'

/** Subject alternative names. IP addresses without brackets. */
export interface Names {
  readonly dns: readonly string[]
  readonly ips: readonly string[]
}

/** The exact set of names of a certificate. */
export type AllowedNames = Names

/** No names: a client's certificate is identified only by its common name. */
export const NO_NAMES: AllowedNames = { dns: [], ips: [] }

/** Every address and name of the node, and the loopback addresses, as in a member's certificate. */
export function allowedNames(node: Pick<Node, 'name' | 'names' | 'address' | 'addresses'>): AllowedNames {
  const ips = [node.address, ...node.addresses, '127.0.0.1', '::1']
  return {
    dns: [...new Set([node.name, ...node.names, 'localhost'].map((name) => name.toLowerCase()))],
    ips: [...new Set(ips.map((ip) => canonicalIp(ip) ?? ip))],
  }
}

/**
 * A normalized form of each address, so that equal addresses are equal texts; undefined if it isn't an address. An
 * IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) becomes the IPv4 address, as in Go's TLS. An address with a zone
 * (`%eth0`) is refused, because certificates can't contain it.
 */
export function canonicalIp(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  return ipaddr.process(text).toString()
}

export interface NameDifference {
  /** Missing names, as `DNS etcd01` or `IP 10.0.0.1`. */
  readonly missing: readonly string[]
  /** Names that are not allowed. */
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

/** A safe form of text from a foreign request: control characters and spaces are visible in quotes. */
export function printable(text: string): string {
  return /^[!-~]+$/.test(text) ? text : JSON.stringify(text)
}
