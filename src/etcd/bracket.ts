import { isIPv6 } from 'node:net'

/** A name or address as it stands in a URL: an IPv6 address in brackets. */
export function bracket(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}
