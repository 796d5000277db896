/** Chooses the member that leadership is transferred to. Pure. */
import { QuorateError } from '../../errors.ts'
import { followerToLead } from '../../etcd/follower-to-lead.ts'
import type { ClusterView } from '../../etcd/view.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { saidBy } from '../../tiers/etcd/facts/judge-facts.ts'
import { standingOf } from '../../tiers/etcd/facts/standing.ts'

/** Nodes' names. */
export interface Move {
  readonly from: string
  readonly to: string
}

/**
 * @param wanted its name; default: the healthiest follower
 * @throws QuorateError `blocked` if there is no leader, no follower is suitable, or the named one is disconnected
 */
export function chooseLeader(cluster: Cluster, view: ClusterView, wanted?: string): Move {
  const { leader, members } = standingOf(cluster, { hosts: {}, ...saidBy(cluster, view) })
  if (leader === undefined) {
    throw new QuorateError('blocked', "can't move the leadership: no answering member is the leader", {
      hint: 'check the members with quorate status; without a quorum no leader is elected',
    })
  }
  if (wanted !== undefined && wanted !== leader) requireQuorumBehind(view, wanted)
  const to = wanted ?? followerToLead(view)
  if (to !== undefined) return { from: leader, to }
  const others = members.filter(({ name }) => name !== leader)
  const why = others.map(({ name, trouble }) => `${name}: ${trouble ?? 'a learner, corrupt, or far behind'}`)
  throw new QuorateError('blocked', ['no follower can become the leader', ...why].join('\n'), {
    hint: 'bring a follower back first; see quorate status',
  })
}

/**
 * A voting member that its peers can't reach still reports its status. etcd would wait for it, and then give up.
 * @throws QuorateError `blocked`
 */
function requireQuorumBehind({ members }: ClusterView, name: string): void {
  const member = members.find((one) => one.name === name)
  if (member?.reachable !== true || member.learner || member.read.answered) return
  throw new QuorateError('blocked', "the member answers, but can't become the leader: it has no quorum", {
    id: 'member-has-no-quorum',
    host: name,
    hint: `check the peer port (2380) between ${name} and the other members, and run quorate status; or choose another member`,
  })
}
