/** The lab's bridge on this computer, and the care that it takes nobody's network. */
import ipaddr from 'ipaddr.js'
import { QuorateError } from '../errors.ts'
import { type LabNetwork, plainAddress } from './spec.ts'
import { run, tool } from './tool.ts'

interface Route {
  readonly dst: string
  readonly dev?: string
}

/**
 * Makes the bridge, with this computer's address in each of the lab's networks; does nothing where it stands already.
 *
 * @throws `lab` if a network of the lab is public or in use on this computer.
 */
export async function ensureBridge(bridge: string, networks: readonly LabNetwork[]): Promise<void> {
  const inUse = await usedNetworks(bridge)
  for (const { cidr } of networks) {
    if (!isLabRange(cidr)) {
      throw new QuorateError(
        'lab',
        `${cidr} is a public network: its machines could not be reached any more`,
        {
          hint: 'Use addresses from 198.18.0.0/15, a private network or 2001:db8::/32 for a lab.',
        },
      )
    }
    const other = inUse.find((route) => overlap(route.dst, cidr))
    if (other === undefined) continue
    throw new QuorateError(
      'lab',
      `${cidr} is in use on this computer: ${other.dst} is routed to ${other.dev ?? '?'}`,
      {
        hint: 'Give the lab other addresses, or take down the lab that has these.',
      },
    )
  }
  if (!(await interfaceExists(bridge))) {
    await tool([
      'ip',
      'link',
      'add',
      bridge,
      'type',
      'bridge',
      'stp_state',
      '0',
      'forward_delay',
      '0',
      'mcast_snooping',
      '0',
    ])
  }
  for (const { hostAddress } of networks) {
    const nodad = hostAddress.includes(':') ? ['nodad'] : []
    await tool(['ip', 'address', 'replace', hostAddress, 'dev', bridge, ...nodad])
  }
  await tool(['ip', 'link', 'set', bridge, 'up'])
}

/** Plugs an interface into the bridge; one that is plugged in stays so. */
export async function attachToBridge(name: string, bridge: string): Promise<void> {
  await tool(['ip', 'link', 'set', name, 'master', bridge, 'up'])
}

/** Removes an interface; one that is not there is none to remove. */
export async function removeInterface(name: string): Promise<void> {
  if (!(await interfaceExists(name))) return
  const { exitCode, stderr } = await run(['ip', 'link', 'delete', name])
  // A veth also goes by itself, once the namespace of its other end is gone.
  if (exitCode !== 0 && (await interfaceExists(name))) {
    throw new QuorateError('lab', `can't remove the network interface ${name}: ${stderr.trim()}`)
  }
}

export async function interfaceExists(name: string): Promise<boolean> {
  return (await run(['ip', 'link', 'show', name])).exitCode === 0
}

/** Networks that this computer has routes for, other than through the interface `except` and by default. */
export async function usedNetworks(except?: string): Promise<Route[]> {
  const both = await Promise.all(
    (['-4', '-6'] as const).map((family) => tool(['ip', '-json', family, 'route', 'show', 'table', 'main'])),
  )
  return both
    .flatMap((text) => JSON.parse(text || '[]') as Route[])
    .filter((route) => route.dst !== 'default' && route.dev !== except && !route.dst.startsWith('fe80'))
}

/** Do two networks share addresses? Either may be a single address without a prefix length. */
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

function isLabRange(cidr: string): boolean {
  const address = ipaddr.parse(plainAddress(cidr))
  if (address.kind() === 'ipv4' && overlap(cidr, '198.18.0.0/15')) return true
  return ['private', 'uniqueLocal', 'reserved', 'carrierGradeNat', 'benchmarking'].includes(address.range())
}
