/** The lab's addresses on this workstation: which are free, and how its machines are reached. */
import { QuorateError } from '../errors.ts'
import { type Route, overlap, usedNetworks } from './routes.ts'
import { type LabNetwork, isLabRange, plainAddress } from './spec.ts'
import { run, tool } from './tool.ts'

export interface WantedAddresses {
  readonly networks: readonly LabNetwork[]
  /** Of all machines, without prefix length. */
  readonly machines: readonly string[]
}

/**
 * Finds which networks are shared with other labs, each by its `cidr`. Labs that share a network have one route for
 * each machine, so that further addresses of the network are free.
 *
 * @throws `lab` if a network is public, or if a network or an address is in use on this workstation.
 */
export async function sharedNetworks(
  bridge: string,
  { networks, machines }: WantedAddresses,
): Promise<ReadonlySet<string>> {
  const others = await usedNetworks(bridge)
  const shared = new Set<string>()
  for (const { cidr, hostAddress } of networks) {
    if (!isLabRange(cidr)) {
      throw new QuorateError(
        'lab',
        `${cidr} is a public network: its machines could not be reached any more`,
        {
          hint: 'use addresses from 198.18.0.0/15, a private network or 2001:db8::/32 for a lab',
        },
      )
    }
    const overlapping = others.filter(({ dst }) => overlap(dst, cidr))
    const foreign = overlapping.find((route) => !isOtherLab(route, others))
    if (foreign !== undefined) throw inUse(cidr, foreign)
    if (overlapping.length > 0) shared.add(cidr)
    const own = [plainAddress(hostAddress), ...machines].filter((address) => overlap(address, cidr))
    for (const address of own) {
      const taken = overlapping.find(({ dst }) => isSingle(dst) && overlap(dst, address))
      if (taken !== undefined) throw inUse(address, taken)
    }
  }
  const hosts = await localAddresses(bridge)
  const clash = machines.find((address) => hosts.some((host) => overlap(host, address)))
  if (clash !== undefined) {
    throw new QuorateError('lab', `${clash} is an address of the workstation itself`, {
      hint: 'give the machine another address',
    })
  }
  return shared
}

/** Gives the bridge, which is up, the workstation's addresses, and routes its machines' addresses to it. */
export async function routeAddresses(
  bridge: string,
  { networks, machines }: WantedAddresses,
  shared: ReadonlySet<string>,
): Promise<void> {
  const present = await addressesOf(bridge)
  for (const { cidr, hostAddress } of networks) {
    const plain = plainAddress(hostAddress)
    // An address that it has from before also works, from a network that was shared or one that was not.
    if (present.includes(plain)) continue
    const ipv6 = plain.includes(':')
    const address = shared.has(cidr) ? `${plain}/${ipv6 ? 128 : 32}` : hostAddress
    // Every bridge of a shared network has the same address, so no route may lead to only one of them.
    const flags = [...(ipv6 ? ['nodad'] : []), ...(shared.has(cidr) ? ['noprefixroute'] : [])]
    await tool(['ip', 'address', 'replace', address, 'dev', bridge, ...flags])
  }
  const before = (await usedNetworks()).filter(({ dst, dev }) => dev === bridge && isSingle(dst))
  for (const address of machines) await tool(['ip', 'route', 'replace', address, 'dev', bridge])
  for (const { dst } of before) {
    if (!machines.some((address) => overlap(address, dst)))
      await run(['ip', 'route', 'delete', dst, 'dev', bridge])
  }
}

/** Another lab's bridge with one route for each machine, which shows the addresses that it uses. */
function isOtherLab({ dev }: Route, all: readonly Route[]): boolean {
  return /^qb-[0-9a-f]{10}$/.test(dev ?? '') && all.some((other) => other.dev === dev && isSingle(other.dst))
}

function isSingle(dst: string): boolean {
  return !dst.includes('/') || dst.endsWith(dst.includes(':') ? '/128' : '/32')
}

function inUse(what: string, route: Route): QuorateError {
  return new QuorateError(
    'lab',
    `${what} is in use on the workstation: ${route.dst} is routed to ${route.dev ?? '?'}`,
    { id: 'addresses-in-use', hint: 'give the lab other addresses, or take down the lab that has these' },
  )
}

interface Interface {
  readonly ifname: string
  readonly addr_info: readonly { readonly local: string }[]
}

async function addressesOf(name: string): Promise<string[]> {
  return (await interfaces()).filter(({ ifname }) => ifname === name).flatMap(addresses)
}

/** This workstation's addresses, except those on the bridge `except`. */
async function localAddresses(except: string): Promise<string[]> {
  return (await interfaces()).filter(({ ifname }) => ifname !== except).flatMap(addresses)
}

async function interfaces(): Promise<Interface[]> {
  return JSON.parse((await tool(['ip', '-json', 'address', 'show'])) || '[]') as Interface[]
}

function addresses({ addr_info: infos }: Interface): string[] {
  return infos.map(({ local }) => local)
}
