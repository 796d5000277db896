/** Clients of all members that a cluster lists, also of those that the file no longer lists. */
import type { MemberClient } from '../../../etcd/client.ts'
import type { ListedMember } from '../../../etcd/listed-member.ts'
import type { Observed } from './observed.ts'
import { rosterOf } from './membership-map.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'

/** Only for started members: the others don't listen yet. */
export async function listedClients(
  session: Session,
  { hosts, cluster: facts }: Observed,
): Promise<readonly MemberClient[]> {
  if (facts === undefined) return []
  const { cluster } = session
  const { members, others } = rosterOf(cluster, facts.members, 0)
  const nodes = etcdNodes(cluster).filter(
    ({ name }) => members.has(name) && hosts[name]?.member?.unit.active === 'active',
  )
  const outsiders = await outsiderClients(session, others)
  return [...(await session.members(nodes)), ...outsiders]
}

/**
 * Dials them at the addresses that peers know, from a node of the file: SSH access to their own nodes may be gone.
 * `via`: default the first etcd node.
 */
export async function outsiderClients(
  session: Session,
  members: readonly Pick<ListedMember, 'name' | 'clientUrls'>[],
  via?: Node,
): Promise<readonly MemberClient[]> {
  const started = members.flatMap(({ name, clientUrls: [url] }) => (url === undefined ? [] : [{ name, url }]))
  return await Promise.all(started.map(async ({ name, url }) => await session.outsider(name, url, via)))
}
