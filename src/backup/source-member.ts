/** Which member a backup is taken from, and why not from the others. */
import type { ClusterView, ReachableMember } from '../etcd/view.ts'
import { healthyVoters } from '../etcd/voters.ts'

export interface BackupSources {
  /** The best one first. */
  readonly sources: readonly ReachableMember[]
  /** `etcd02: it is a learner`, one for each of the others. */
  readonly refused: readonly string[]
}

/**
 * Only a voting member that answers a linearizable read and has no alarm about its data. Followers come first, because
 * the leader has more work; among them, the one that has applied most. A member of another cluster is never used.
 */
export function backupSources({ members }: ClusterView): BackupSources {
  const corrupt = new Set(
    members
      .flatMap((member) => (member.reachable ? (member.alarms ?? []) : []))
      .flatMap(({ type, memberId }) => (type === 'CORRUPT' ? [memberId] : [])),
  )
  const [led] = healthyVoters({ members })
  const refused: string[] = []
  const sources: ReachableMember[] = []
  // A CORRUPT alarm that etcd's periodic check raises names no member, and a removed member's alarm names an unknown
  // one. It may be about any member.
  const known = new Set(
    members.flatMap((member) =>
      member.reachable ? [member.memberId, ...(member.list?.members ?? []).map(({ id }) => id)] : [],
    ),
  )
  const anybody = [...corrupt].some((id) => !known.has(id))
  for (const member of members) {
    const why = member.reachable ? reasonAgainst(member, { corrupt, anybody, led }) : member.reason.message
    if (why !== undefined) refused.push(`${member.name}: ${why}`)
    else if (member.reachable) sources.push(member)
  }
  sources.sort((a, b) => isLeader(a) - isLeader(b) || Number(applied(b) - applied(a)))
  return { sources, refused }
}

function isLeader({ memberId, leaderId }: ReachableMember): number {
  return memberId === leaderId ? 1 : 0
}

function applied({ raftAppliedIndex, raftIndex }: ReachableMember): bigint {
  return raftAppliedIndex ?? raftIndex
}

interface Others {
  readonly corrupt: ReadonlySet<bigint>
  /** CORRUPT is raised for a member that can't be identified. */
  readonly anybody: boolean
  readonly led: ClusterView['members'][number] | undefined
}

function reasonAgainst(member: ReachableMember, { corrupt, anybody, led }: Others): string | undefined {
  if (member.learner) return 'it is a learner: it may be behind'
  if (!member.read.answered) return member.read.reason.message
  if (corrupt.has(member.memberId)) return 'it has the alarm CORRUPT'
  if (anybody) return 'the CORRUPT alarm names no member (find it: quorate repair)'
  if (led?.reachable === true && led.clusterId !== member.clusterId) return 'it belongs to another cluster'
  return undefined
}
