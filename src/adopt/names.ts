/** Which names and addresses in a node's current certificates belong only to that node. */
import { describe } from '../pki/certificate.ts'
import { allowedNames, canonicalIp } from '../pki/names.ts'
import { isReservedName } from '../spec/member-name.ts'
import { checkDnsName } from '../spec/values.ts'
import { type Member, type Remark, leafOf, peerPlace } from './member.ts'

export interface OwnNames {
  readonly addresses: readonly string[]
  readonly names: readonly string[]
}

/**
 * Names that only one node's certificates have belong to that node. Others are shared (Kubespray gives every member the
 * names of all): a certificate with them could impersonate another node, so they are only reported.
 */
export function ownNames(
  members: readonly Member[],
  remark: (remark: Remark) => void,
): ReadonlyMap<string, OwnNames> {
  const carried = new Map(members.map((member) => [member.name, namesIn(member)]))
  const holders = (name: string) => members.filter((member) => carried.get(member.name)?.has(name))
  const shared = new Set<string>()
  const nodes = new Set(members.map(({ name }) => name))
  const own = members.map((member): [string, OwnNames] => {
    const address = peerPlace(member)?.address ?? ''
    const base = allowedNames({ name: member.name, names: [], address, addresses: [] })
    const given = new Set([...base.dns, ...base.ips])
    const fresh = [...(carried.get(member.name) ?? [])].filter(
      (name) => !given.has(name) && !isReservedName(name),
    )
    const kept = fresh.filter((name) => {
      const alone = holders(name).length === 1 && !nodes.has(name)
      const fit = canonicalIp(name) !== undefined || checkDnsName(name) === undefined
      if (!alone || !fit) shared.add(name)
      return alone && fit
    })
    return [
      member.name,
      { addresses: kept.filter(isAddress), names: kept.filter((name) => !isAddress(name)) },
    ]
  })
  for (const member of members) {
    // A name that belongs to another node is in that node's own certificate.
    const address = peerPlace(member)?.address ?? ''
    for (const name of [member.name, address]) shared.delete(canonicalIp(name) ?? name)
  }
  if (shared.size > 0) {
    remark({
      id: 'shared-certificate-names',
      host: undefined,
      severity: 'warning',
      message: `certificates of several nodes contain ${[...shared].join(', ')}. New ones contain only each node's own names: clients that verify a shared name will fail`,
    })
  }
  return new Map(own)
}

function isAddress(name: string): boolean {
  return canonicalIp(name) !== undefined
}

/** From both certificates, in one spelling. */
function namesIn({ files }: Member): ReadonlySet<string> {
  const facts = [files.server, files.peer].flatMap((file) => leafOf(file) ?? []).map(describe)
  return new Set(
    facts.flatMap(({ sans }) => [
      ...sans.dns.map((name) => name.toLowerCase()),
      ...sans.ips.map((ip) => canonicalIp(ip) ?? ip),
    ]),
  )
}
