/**
 * The rules for single values of the cluster file's `kubernetes`: each function returns what is wrong with a text, or
 * undefined.
 */
import ipaddr from 'ipaddr.js'
import type { Complaint } from './problem.ts'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** The part of a label's key after the prefix; also a label's value, unless that is empty. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
const REPOSITORY = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/

/** Ranges that pods and Services can't use (RFC 6890). */
const SPECIAL: readonly (readonly [cidr: string, what: string])[] = [
  ['0.0.0.0/8', "'this network' addresses"],
  ['127.0.0.0/8', 'loopback addresses'],
  ['169.254.0.0/16', 'link-local addresses'],
  ['224.0.0.0/4', 'multicast addresses'],
  ['240.0.0.0/4', 'reserved addresses'],
]

/** `10.96.0.0/12`: one IPv4 network, with its first address. */
export function checkNetwork(text: string): Complaint | undefined {
  if (text.includes(','))
    return {
      message: 'two networks: quorate sets up Kubernetes with IPv4 alone, not with two families',
      hint: 'write the IPv4 network alone',
    }
  if (ipaddr.IPv6.isValidCIDR(text))
    return {
      message: `${JSON.stringify(text)} is an IPv6 network: quorate sets up Kubernetes with IPv4 alone`,
      hint: 'write an IPv4 network, like 10.244.0.0/16',
    }
  if (!isNetwork(text))
    return {
      message: `${shown(text)} is not a network`,
      hint: 'write an address and a prefix length, like 10.244.0.0/16',
    }
  const [, prefix = ''] = text.split('/')
  const first = `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${prefix}`
  if (first !== text)
    return { message: `${text} is an address within a network, not the network`, hint: `write ${first}` }
  const [cidr, what] = SPECIAL.find(([special]) => networksOverlap(text, special)) ?? []
  if (cidr === undefined) return undefined
  return {
    message: `${text} holds ${what} (${cidr}), which neither pods nor Services can have`,
    hint: 'write a private network, like 10.244.0.0/16',
  }
}

/** As `checkNetwork`, but without its rules for families and ranges. */
export function isNetwork(text: string): boolean {
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(text) && /^[\d.]+\/(0|[1-9]\d?)$/.test(text)
}

/** Takes two IPv4 networks that `isNetwork` accepts. */
export function networksOverlap(one: string, other: string): boolean {
  const [first, prefix] = ipaddr.IPv4.parseCIDR(one)
  const [second, otherPrefix] = ipaddr.IPv4.parseCIDR(other)
  return first.match(second, Math.min(prefix, otherPrefix))
}

/** The prefix length of a network that `isNetwork` accepts. */
export function prefixOf(network: string): number {
  return Number(network.split('/')[1])
}

/** `cluster.local`: labels in lower case, separated by dots (RFC 1123). */
export function checkDnsDomain(text: string): Complaint | undefined {
  if (text.length <= 253 && text.split('.').every((label) => LABEL.test(label))) return undefined
  const tidy = text.toLowerCase().replaceAll(/^\.+|\.+$/g, '')
  const fits = tidy.length <= 253 && tidy.split('.').every((label) => LABEL.test(label))
  return {
    message: `${shown(text)} is not a DNS domain: lower-case letters, digits and inner hyphens, with dots between`,
    hint: `write ${fits ? tidy : 'one like cluster.local'}`,
  }
}

/** `registry.example.org:5000/kubernetes` */
export function checkImageRepository(text: string): Complaint | undefined {
  if (text.length <= 200 && REPOSITORY.test(text)) return undefined
  const bare = text.replace(/^https?:\/\//i, '').replace(/\/+$/, '')
  if (bare !== text && bare.length <= 200 && REPOSITORY.test(bare)) {
    return {
      message: `${shown(text)}: images are named without https:// and a final slash`,
      hint: `write ${bare}`,
    }
  }
  return {
    message: `${shown(text)} is not an image repository`,
    hint: 'write one like registry.k8s.io or registry.example.org:5000/kubernetes',
  }
}

/** The key of a label or taint: `disk` or `example.org/disk`. */
export function checkQualifiedName(text: string): Complaint | undefined {
  const [name = '', prefix, ...rest] = text.split('/').toReversed()
  const right =
    rest.length === 0 && NAME.test(name) && (prefix === undefined || checkDnsDomain(prefix) === undefined)
  if (right) return undefined
  return {
    message: `${shown(text)} is not a valid key: up to 63 letters, digits and inner -_. characters, after an optional DNS domain and slash`,
    hint: 'write one like disk or example.org/disk',
  }
}

/** The value of a label or taint. */
export function checkLabelValue(text: string): Complaint | undefined {
  if (text === '' || NAME.test(text)) return undefined
  return {
    message: `${shown(text)} is not a valid label or taint value: up to 63 letters, digits and inner -_. characters`,
    hint: 'write one like ssd, or "" for none',
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text)
}
