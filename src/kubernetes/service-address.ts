/** Fixed addresses of Services: the first is the API's, the tenth is that of DNS. */
import ipaddr from 'ipaddr.js'

export const API_SERVICE = 1
export const DNS_SERVICE = 10

/**
 * The address with this number in a network; number 0 is the network itself.
 *
 * @param network CIDR: `10.96.0.0/12`
 */
export function serviceAddress(network: string, index: number): string {
  const [address, prefix] = ipaddr.parseCIDR(network)
  const first =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(network)
      : ipaddr.IPv6.networkAddressFromCIDR(network)
  const bytes = first.toByteArray()
  const last = bytes.length - 1
  if (bytes.length * 8 - prefix < 4) throw new RangeError(`${network} has no address ${index}`)
  // Service networks have at least sixteen addresses, and start at a multiple of that, so there is no carry.
  bytes[last] = (bytes[last] ?? 0) + index
  return ipaddr.fromByteArray(bytes).toString()
}
