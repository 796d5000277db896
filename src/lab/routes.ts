/** The routes in this workstation's main routing table. */
import ipaddr from 'ipaddr.js'
import { tool } from './tool.ts'

export interface Route {
  /** A network, or an address without prefix length. */
  readonly dst: string
  readonly dev?: string
}

/** Networks that this workstation has routes for, except the default route and routes through the interface `except`. */
export async function usedNetworks(except?: string): Promise<Route[]> {
  const both = await Promise.all(
    (['-4', '-6'] as const).map((family) => tool(['ip', '-json', family, 'route', 'show', 'table', 'main'])),
  )
  return both
    .flatMap((text) => JSON.parse(text || '[]') as Route[])
    .filter((route) => route.dst !== 'default' && route.dev !== except && !route.dst.startsWith('fe80'))
}

/** Whether two networks share addresses. Either may be a single address without a prefix length. */
export function overlap(one: string, other: string): boolean {
  const [a, aBits] = ipaddr.parseCIDR(whole(one))
  const [b, bBits] = ipaddr.parseCIDR(whole(other))
  if (a.kind() !== b.kind()) return false
  const bits = Math.min(aBits, bBits)
  return a.match(b, bits)
}

function whole(network: string): string {
  if (network.includes('/')) return network
  return `${network}/${network.includes(':') ? 128 : 32}`
}
