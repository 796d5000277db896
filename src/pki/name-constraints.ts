/** A CA's name constraints (RFC 5280, 4.2.1.10), for DNS names and IP addresses. */
import ipaddr from 'ipaddr.js'
import { derElements, type DerElement } from './der.ts'
import type { AllowedNames } from './names.ts'

export const NAME_CONSTRAINTS_OID = '2.5.29.30'

export interface NameConstraints {
  readonly permitted: Subtrees
  readonly excluded: Subtrees
}

interface Subtrees {
  /** DNS suffixes, lower case. */
  readonly dns: readonly string[]
  /** Address and mask one after the other, 8 or 32 bytes. */
  readonly ips: readonly Uint8Array[]
}

// DER tags: the two lists of the extension, and the kinds of name within them.
const PERMITTED = 0xa0
const EXCLUDED = 0xa1
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/** Reads the extension's value (DER). Ignores names of other kinds, because quorate's leaves have none. */
export function parseNameConstraints(der: Uint8Array): NameConstraints {
  const [sequence] = derElements(der)
  const lists = derElements(sequence?.value ?? new Uint8Array())
  return { permitted: subtrees(lists, PERMITTED), excluded: subtrees(lists, EXCLUDED) }
}

/** The names that a CA with these constraints may not sign, as `DNS etcd01` or `IP 10.0.0.1`. */
export function forbiddenNames(constraints: NameConstraints, names: AllowedNames): readonly string[] {
  const { permitted, excluded } = constraints
  const dns = names.dns.filter(
    (name) =>
      excluded.dns.some((suffix) => isWithin(name, suffix)) ||
      (permitted.dns.length > 0 && !permitted.dns.some((suffix) => isWithin(name, suffix))),
  )
  const ips = names.ips.filter(
    (ip) =>
      excluded.ips.some((range) => isInRange(ip, range)) ||
      (permitted.ips.length > 0 && !permitted.ips.some((range) => isInRange(ip, range))),
  )
  return [...dns.map((name) => `DNS ${name}`), ...ips.map((ip) => `IP ${ip}`)]
}

function isWithin(name: string, suffix: string): boolean {
  const bare = suffix.replace(/^\./, '')
  return bare === '' || name.toLowerCase() === bare || name.toLowerCase().endsWith(`.${bare}`)
}

function isInRange(ip: string, range: Uint8Array): boolean {
  const bytes = ipaddr.process(ip).toByteArray()
  const half = range.length / 2
  return (
    bytes.length === half &&
    bytes.every((byte, index) => ((byte ^ (range[index] ?? 0)) & (range[index + half] ?? 0)) === 0)
  )
}

function subtrees(lists: readonly DerElement[], tag: number): Subtrees {
  const bases = lists
    .filter((list) => list.tag === tag)
    .flatMap((list) => derElements(list.value))
    .flatMap((subtree) => derElements(subtree.value).slice(0, 1))
  return {
    dns: bases
      .filter((base) => base.tag === DNS_NAME)
      .map((base) => Buffer.from(base.value).toString('latin1').toLowerCase()),
    ips: bases.filter((base) => base.tag === IP_ADDRESS).map((base) => base.value),
  }
}
