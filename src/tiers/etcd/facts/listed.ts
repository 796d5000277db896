/** Clients of all members that a cluster lists: those of the file's nodes, and those that the file no longer names. */
import type { MemberClient } from '../../../etcd/client.ts'
import type { ListedMember } from '../../../etcd/listed-member.ts'
import type { Observed } from './observed.ts'
import { rosterOf } from './membership-map.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'

/** Of started members only: nobody listens at the others yet. */
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

/** They are dialled where their peers know them, from a node of the file: they may not be ours to log in to any more. `via`: the first etcd node unless given. */
export async function outsiderClients(
  session: Session,
  members: readonly Pick<ListedMember, 'name' | 'clientUrls'>[],
  via?: Node,
): Promise<readonly MemberClient[]> {
  const started = members.flatMap(({ name, clientUrls: [url] }) => (url === undefined ? [] : [{ name, url }]))
  return await Promise.all(started.map(async ({ name, url }) => await session.outsider(name, url, via)))
}
