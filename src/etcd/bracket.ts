import { isIPv6 } from 'node:net'

/** A name or address in the form of a URL: an IPv6 address gets brackets. */
export function bracket(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}
