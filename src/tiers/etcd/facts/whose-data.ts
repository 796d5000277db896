/**
 * Finds data of another member, from a cloned or swapped disk. Two processes with one member's identity would vote twice,
 * so nothing is started on it. The WAL says whose data it is.
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
 * @param places nodes whose data counts: not those to be replaced, or still to join
 * @param remedy the next command for a member whose own data is lost, in the present state
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
    const listed = roster?.members.get(node.name)?.id
    const own = listed === UNKNOWN_YET ? undefined : listed
    const twins = places.filter((other) => other.state.logIdentity?.memberId === memberId)
    const isOther = own !== undefined && own !== memberId
    const isTwice = own === undefined && twins.length > 1
    const isElsewhere =
      clusterId !== undefined && clusterId !== UNKNOWN_YET && logIdentity.clusterId !== clusterId
    if (!isOther && !isTwice && !isElsewhere) return []
    const owner = isTwice
      ? `the same member as the data of ${twins
          .filter((one) => one.node !== node)
          .map((one) => one.node.name)
          .join(', ')}`
      : isOther && !isElsewhere
        ? `member ${names.get(memberId) ?? memberId}, not to ${node.name}`
        : `another cluster (ID ${logIdentity.clusterId})`
    const hint =
      own === undefined
        ? `find out which one is the copy; if it is ${node.name}: quorate reset ${node.name}`
        : `check whether the disk was cloned or swapped; then: ${remedy(node.name)}`
    return [
      {
        id: 'data-of-another-member',
        host: node.name,
        message: `data in ${etcd.walDirectory} belongs to ${owner}${isElsewhere ? '' : ' (if started, it would vote twice and could break Raft safety)'}`,
        hint,
      },
    ]
  })
}
