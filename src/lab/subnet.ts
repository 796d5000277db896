/** Networks for labs that accept any: a /24 of 198.18.0.0/15 and a /64 of 2001:db8::/32 each. */
import { existsSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { overlap, usedNetworks } from './routes.ts'
import { claimFile } from './lock.ts'
import { isRunning, thisProcess } from '../files/process-identity.ts'

export interface Subnet {
  /** `198.18.40.0/24` */
  readonly ipv4: string
  /** `2001:db8:28::/64` */
  readonly ipv6: string
  /** The file that reserves the subnet for this lab until `releaseSubnet`. */
  readonly claim: string
}

// The first numbers are reserved for cluster files written by hand.
const FIRST = 16
const COUNT = 512

/** The addresses, with prefix length, of the machine with this number (2 to 254) in the subnet. */
export function addressesIn(subnet: Subnet, machine: number): { ipv4: string; ipv6: string } {
  return {
    ipv4: subnet.ipv4.replace('.0/24', `.${machine}/24`),
    ipv6: subnet.ipv6.replace('::/64', `::${machine}/64`),
  }
}

/**
 * Takes a subnet that no other lab of this workstation has.
 *
 * @param folder the lab's directory: the claim counts while the directory or this process exists
 * @throws `lab` if all are taken.
 */
export async function allocateSubnet(folder: string, registry = '/run/quorate-lab'): Promise<Subnet> {
  const owner = await thisProcess()
  const used = (await usedNetworks()).map((route) => route.dst)
  const start = randomInt(FIRST, COUNT)
  for (let offset = 0; offset < COUNT - FIRST; offset++) {
    const number = FIRST + ((start - FIRST + offset) % (COUNT - FIRST))
    const ipv4 = `198.${18 + Math.floor(number / 256)}.${number % 256}.0/24`
    const ipv6 = `2001:db8:${number.toString(16)}::/64`
    if (used.some((other) => overlap(other, ipv4) || overlap(other, ipv6))) continue
    const claim = path.join(registry, `198.18.0.0-${number}`)
    const other = await claimFile(
      claim,
      { owner, note: folder },
      async (found) => !existsSync(found.note) && !(await isRunning(found.owner)),
    )
    if (other === undefined) return { ipv4, ipv6, claim }
  }
  throw new QuorateError('lab', 'every subnet of 198.18.0.0/15 is taken', {
    hint: `take down labs that you don't need any more; the claims are in ${registry}`,
  })
}

/** Releases the subnet. */
export async function releaseSubnet(claim: string): Promise<void> {
  await rm(claim, { force: true })
}
