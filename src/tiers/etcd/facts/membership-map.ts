/** Who is who: the members that the cluster lists, matched with the nodes that the cluster file names. */
import { peerUrl, peerUrlsOf } from '../../../etcd/configuration.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { etcdNameOf } from '../../../spec/etcd-name.ts'
import type { ApplyIntent } from '../plan/intent.ts'
import type { ClusterFacts, MemberFacts } from './observed.ts'

export interface Roster {
  /** By node name: its member; a node without one is not here. */
  readonly members: ReadonlyMap<string, MemberFacts>
  /** Members that no node of the file stands for, in the list's order. */
  readonly others: readonly MemberFacts[]
  /** How many have a vote, whether they run or not. */
  readonly voters: number
  /** How many of those answered. */
  readonly healthy: number
}

/** A started member is known by its name; one that was renamed, or never started and has no name, by its peer URL. */
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

/** Of a node that may not be in the cluster file any more: then its member is listed under its name in etcd. */
export function isMemberOf(node: Node, { name, etcdName = name }: MemberFacts): boolean {
  return name === node.name || etcdName === etcdNameOf(node)
}

/** Added to the cluster, but never started. */
export function isNeverStarted(member: MemberFacts): boolean {
  return member.clientUrls.length === 0 && member.name === ''
}

/** It is to be made anew: whatever its machine has of it goes with it. */
export function isReplaced(
  { replace }: Pick<ApplyIntent, 'replace'>,
  name: string,
  { id }: MemberFacts,
): boolean {
  return replace?.[name] === id
}

/** Every node has its member, at its place and with a vote, and there is no other. */
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
 * `name=peer URL` of everyone whom a newcomer finds, itself among them: etcd compares the URLs with what the others say.
 * Others that never started have no name yet: etcd takes any, but the newcomer's own name for itself alone.
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
