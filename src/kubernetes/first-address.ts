/** The first address of a network: the Service `kubernetes` has it. */
import ipaddr from 'ipaddr.js'

/** @param network a CIDR, `10.96.0.0/12`; of two (dual stack, with a comma) the first @throws Error if it is none */
export function firstAddress(network: string): string {
  const [cidr = ''] = network.split(',')
  const [address, bits] = ipaddr.parseCIDR(cidr.trim())
  const bytes = networkOf(address, bits)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1
  return ipaddr.fromByteArray(bytes).toString()
}

/** The network's own address: its last bit is 0, as long as it has two addresses. */
function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): number[] {
  return address.toByteArray().map((byte, index) => {
    const kept = Math.max(0, Math.min(8, bits - index * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
}
