/** The rules for single values of a cluster file: each function returns what is wrong with a text, or undefined. */
import { RECOMMENDED_VERSION } from './defaults.ts'
import { isReservedName } from './member-name.ts'
import type { Complaint } from './problem.ts'
import { SHA256_PLACEHOLDER } from './sample-keys.ts'
import { NEWEST } from './version-facts.ts'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** The name of a node, group or cluster: one DNS label in lower case. */
export function checkName(text: string): Complaint | undefined {
  if (LABEL.test(text)) return undefined
  const label = text.split('.')[0]?.toLowerCase() ?? ''
  if (text.includes('.') && LABEL.test(label)) {
    return { message: `"${text}" has a dot`, hint: `write ${label}; a node's full name belongs under names` }
  }
  const tidy = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')
  return {
    message: `"${text}" is not a name: lower-case letters, digits and inner hyphens, at most 63`,
    hint: tidy === '' ? 'write one like etcd01' : `write ${tidy}`,
  }
}

/**
 * A DNS name for a certificate: not a wildcard, not an address, and not a name by which members recognize each other.
 */
export function checkDnsName(text: string): Complaint | undefined {
  if (isReservedName(text)) {
    return {
      message: `"${text}" is reserved: members know each other by such a name`,
      hint: 'remove it: quorate gives it to members itself',
    }
  }
  if (text.includes('*')) {
    return {
      message: `"${text}" is a wildcard: a node's certificate would then be good for other nodes too`,
      hint: 'write each name out',
    }
  }
  const labels = text.toLowerCase().split('.')
  if (text.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^[\d.]+$/.test(text))
    return undefined
  const hint = /^[\d.]+$|:/.test(text)
    ? 'addresses belong under addresses'
    : 'write one like etcd01.example.org, without a port and without a final dot'
  return { message: `"${text}" is not a DNS name`, hint }
}

/** The minors that quorate supports, oldest first. */
const MINORS = Object.keys(NEWEST)

/** `3.5.16`: exact, of a supported minor. */
export function checkVersion(text: string): Complaint | undefined {
  const parts = /^v?(?<major>\d+)\.(?<minor>\d+)(?:\.(?<patch>\d+))?(?<rest>.*)$/.exec(text)?.groups
  if (parts === undefined) {
    return {
      message: `"${text}" is not an etcd version`,
      hint: `write an exact one, like "${RECOMMENDED_VERSION}"`,
    }
  }
  const minor = `${Number(parts['major'])}.${Number(parts['minor'])}`
  const newest = NEWEST[minor]
  if (newest === undefined) {
    return {
      message: `etcd ${text} is not supported: quorate knows the settings of ${MINORS[0]} to ${MINORS.at(-1)}`,
      hint: `write one of those, like "${RECOMMENDED_VERSION}"`,
    }
  }
  if (parts['patch'] === undefined) {
    return {
      message: `"${text}" is not an exact version: all members must run the same one, today and tomorrow`,
      hint: `write all three numbers, like "${newest.patch}"`,
    }
  }
  const exact = `${minor}.${Number(parts['patch'])}`
  if (exact === text) return undefined
  return {
    message: `"${text}" is not an exact version: three numbers, nothing around them`,
    hint: `write "${exact}"`,
  }
}

/** The minor as a number: 5 for `3.5.16`. Takes a text that `checkVersion` accepts. */
export function minorNumber(version: string): number {
  return Number(version.split('.')[1])
}

/** What an unquoted `3.6` should have been. */
export function exampleVersion(number: number): string {
  return NEWEST[String(number)]?.patch ?? RECOMMENDED_VERSION
}

const UNITS: Readonly<Record<string, number>> = {
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}
const SIZE = /^(?<amount>\d+(?:\.\d+)?) ?(?<unit>[MGT]i?B)$/

/** `15GB` (decimal, as disks are sold) or `2GiB` (binary). */
export function checkSize(text: string): Complaint | undefined {
  if (SIZE.test(text)) return undefined
  return {
    message: `"${text}" is not a size: a number and one of ${Object.keys(UNITS).join(', ')}`,
    hint: 'write one like 2GB',
  }
}

/** Bytes of a text that `checkSize` accepts. */
export function parseSize(text: string): number {
  const parts = SIZE.exec(text)?.groups
  const factor = UNITS[parts?.['unit'] ?? '']
  if (factor === undefined) throw new TypeError(`not a size: ${text}`)
  return Math.round(Number(parts?.['amount']) * factor)
}

/** A Debian package's name (Debian policy, 5.6.7). */
export function checkPackage(text: string): Complaint | undefined {
  if (/^[a-z0-9][a-z0-9+.-]+$/.test(text)) return undefined
  return {
    message: `"${text}" is not a package name`,
    hint: 'write it as `apt-cache show` has it, like curl',
  }
}

/** `https://name[:port][/path]`, without a user or a password. */
export function checkHttpUrl(text: string): Complaint | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^https?:\/\//i.test(text)) {
    const bare = /^[a-z0-9.-]+(:\d+)?(\/.*)?$/i.test(text)
    return {
      message: `"${text}" is not an http(s) URL`,
      hint: bare ? `write https://${text}` : 'write one like https://service01',
    }
  }
  if (url.username !== '' || url.password !== '') {
    return {
      message: 'a URL with a user or password in it: this file must not contain secrets',
      hint: 'write it without',
    }
  }
  return undefined
}

/** A SHA-256 in hex. */
export function checkSha256(text: string): Complaint | undefined {
  if (text === SHA256_PLACEHOLDER)
    return { message: 'this is a placeholder, not a SHA-256', hint: 'write what sha256sum prints' }
  if (/^[0-9a-f]{64}$/i.test(text)) return undefined
  return { message: `"${text}" is not a SHA-256`, hint: 'write the 64 hex digits that sha256sum prints' }
}

/** A Debian suite, like trixie. */
export function checkSuite(text: string): Complaint | undefined {
  if (/^[a-z][a-z0-9-]*$/.test(text)) return undefined
  return { message: `"${text}" is not a Debian suite`, hint: 'write one like trixie' }
}
