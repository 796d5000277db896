/** Members as etcd lists them, with the names of the cluster file's nodes. */
import type { Cluster } from '../spec/cluster.ts'
import { etcdNameOf } from '../spec/etcd-name.ts'
import { peerUrlsOf } from './configuration.ts'
import { formatId } from './id.ts'
import type { ListedMember } from './listed-member.ts'

/**
 * A member without a node keeps its name, unless a node or another member has that name too (etcd allows both). Then
 * its ID is appended. All names are distinct, so that no member is mistaken for another.
 */
export function namedByNodes(cluster: Cluster, members: readonly ListedMember[]): readonly ListedMember[] {
  const byName = Map.groupBy(members, ({ name }) => name)
  return members.map((member): ListedMember => {
    const { id, name: etcdName } = member
    if (etcdName === '') return member
    const node = cluster.nodes.find((one) => etcdNameOf(one) === etcdName)
    const alike = byName.get(etcdName) ?? []
    const isAtHome = ({ peerUrls }: ListedMember) =>
      node !== undefined && peerUrlsOf(cluster, node).some((url) => peerUrls.includes(url))
    if (node !== undefined && (alike.find(isAtHome) ?? alike[0]) === member) return named(member, node.name)
    const isFree = alike.length === 1 && cluster.nodes.every(({ name }) => name !== etcdName)
    return isFree ? member : named(member, `${etcdName} (${formatId(id)})`)
  })
}

function named(member: ListedMember, name: string): ListedMember {
  return name === member.name ? member : { ...member, name, etcdName: member.name }
}
