/** Matches the cluster's members with the nodes of the cluster file. */
import { peerUrl, peerUrlsOf } from '../../../etcd/configuration.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { etcdNameOf } from '../../../spec/etcd-name.ts'
import type { ApplyIntent } from '../plan/intent.ts'
import type { ClusterFacts, MemberFacts } from './observed.ts'

export interface Roster {
  /** The member of each node, by node name; without nodes that have none. */
  readonly members: ReadonlyMap<string, MemberFacts>
  /** Members without a node in the file, in the list's order. */
  readonly others: readonly MemberFacts[]
  /** How many have a vote, whether they run or not. */
  readonly voters: number
  /** How many of those answered. */
  readonly healthy: number
}

/** A started member is matched by its name; a renamed or never started one by its peer URL. */
export function rosterOf(cluster: Cluster, list: readonly MemberFacts[], healthy: number): Roster {
  const nodes = etcdNodes(cluster)
  const members = new Map<string, MemberFacts>()
  const unmatched = new Set(list)
  const match = (fits: (node: Node, member: MemberFacts) => boolean) => {
    for (const node of nodes) {
      if (members.has(node.name)) continue
      const found = [...unmatched].find((member) => fits(node, member))
      if (found === undefined) continue
      members.set(node.name, found)
      unmatched.delete(found)
    }
  }
  match((node, member) => member.name === node.name)
  match((node, member) => peerUrlsOf(cluster, node).some((url) => member.peerUrls.includes(url)))
  return {
    members,
    others: [...unmatched],
    voters: list.filter(({ learner }) => !learner).length,
    healthy,
  }
}

/** For a node that may no longer be in the cluster file: then its member is found by its name in etcd. */
export function isMemberOf(node: Node, { name, etcdName = name }: MemberFacts): boolean {
  return name === node.name || etcdName === etcdNameOf(node)
}

/** Added to the cluster, but never started. */
export function isNeverStarted(member: MemberFacts): boolean {
  return member.clientUrls.length === 0 && member.name === ''
}

/** Its data is to be replaced, together with everything its node has of it. */
export function isReplaced(
  { replace }: Pick<ApplyIntent, 'replace'>,
  name: string,
  { id }: MemberFacts,
): boolean {
  return replace?.[name] === id
}

/** Every node has its member, at its address and with a vote, and there is no other member. */
export function isSettled(cluster: Cluster, { members, others }: Roster): boolean {
  if (others.length > 0) return false
  return etcdNodes(cluster).every((node) => {
    const member = members.get(node.name)
    return (
      member !== undefined &&
      !member.learner &&
      !isNeverStarted(member) &&
      member.peerUrls.includes(peerUrl(cluster, node))
    )
  })
}

/**
 * `name=peer URL` of all members that a new member finds, including itself: etcd compares the URLs with the others' lists.
 * Members that never started have no name yet: etcd accepts any name except the new member's own.
 */
export function initialCluster(cluster: Cluster, facts: ClusterFacts, node: Node): string {
  const { members } = rosterOf(cluster, facts.members, 0)
  const nodes = new Map(cluster.nodes.map((one) => [one.name, one]))
  const names = new Map(
    [...members].map(([name, { id }]) => [id, etcdNameOf(nodes.get(name) ?? { name })] as const),
  )
  const own = members.get(node.name)
  return facts.members
    .flatMap((member) => {
      const { id, name, etcdName = name } = member
      const known = member === own ? etcdNameOf(node) : etcdName || (names.get(id) ?? `unnamed-${id}`)
      return member.peerUrls.map((url) => `${known}=${url}`)
    })
    .join(',')
}
