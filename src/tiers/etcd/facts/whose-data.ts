/**
 * Data that is another member's: of a disk that was cloned or swapped. Two processes with one member's identity would vote
 * twice, so nothing is started on it. The log says whose it is.
 */
import type { Cluster, Node } from '../../../spec/cluster.ts'
import type { MemberState } from '../../../host/state.ts'
import type { Roster } from './membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { UNKNOWN_YET } from './unknown.ts'

interface Place {
  readonly node: Node
  readonly state: Pick<MemberState, 'logIdentity'>
}

/**
 * @param places those whose data counts: not of nodes that are to be replaced, or have still to join
 * @param remedy what helps a member whose own data is lost, as things are
 */
export function strayData(
  { etcd }: Cluster,
  places: readonly Place[],
  roster: Roster | undefined,
  clusterId: string | undefined,
  remedy: (member: string) => string,
): readonly BlockReason[] {
  const names = new Map([...(roster?.members ?? [])].map(([name, { id }]) => [id, name] as const))
  return places.flatMap(({ node, state: { logIdentity } }): BlockReason[] => {
    if (logIdentity === undefined) return []
    const { memberId } = logIdentity
    const own = roster?.members.get(node.name)?.id
    const twins = places.filter((other) => other.state.logIdentity?.memberId === memberId)
    const isOther = own !== undefined && own !== memberId
    const isTwice = own === undefined && twins.length > 1
    const isElsewhere =
      clusterId !== undefined && clusterId !== UNKNOWN_YET && logIdentity.clusterId !== clusterId
    if (!isOther && !isTwice && !isElsewhere) return []
    const owner = isTwice
      ? `the same member as that of ${twins
          .filter((one) => one.node !== node)
          .map((one) => one.node.name)
          .join(', ')}`
      : isOther && !isElsewhere
        ? `the member ${names.get(memberId) ?? memberId}, not of ${node.name}`
        : `another cluster (ID ${logIdentity.clusterId})`
    const hint =
      own === undefined
        ? `find out which one is the copy, and clear that node: quorate reset ${node.name}`
        : `the disk may have been cloned or swapped. ${remedy(node.name)}`
    return [
      {
        host: node.name,
        message: `the data in ${etcd.walDirectory} is that of ${owner}${isElsewhere ? '' : ': started, two members would vote as one'}`,
        hint: `nothing was started; ${hint}`,
      },
    ]
  })
}
