/** What views of a cluster's members mean to the planner: a pure judgement, which the simulation shares. */
import { enabledDowngrade } from '../../../etcd/downgrade.ts'
import { judgeView, type Problem, type ProblemKind } from '../../../etcd/health.ts'
import { raftLag } from '../../../etcd/lag.ts'
import { type ClusterView, formatId } from '../../../etcd/view.ts'
import { alarmsByName, healthyVoters } from '../../../etcd/voters.ts'
import type { ClusterFacts, MemberFacts } from './observed.ts'
import { isInvited, rosterOf } from './membership-map.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'

/** Who should belong to the cluster, and where, the planner sees for itself: it changes that. */
const MEMBERSHIP: ReadonlySet<ProblemKind> = new Set([
  'missing',
  'not-started',
  'learner',
  'peer-urls',
  'unexpected',
])

export interface Views {
  /** What the members of the file's nodes say, as far as their units are up. */
  readonly own: ClusterView
  /** What members say that no node of the file stands for. */
  readonly others: ClusterView
  /** Nodes whose unit is up. */
  readonly running: readonly Node[]
  /** Nodes whose members an operator stopped: that they are down is no trouble. */
  readonly kept?: readonly Node[] | undefined
  readonly verified: boolean
}

/** The member list, rather as somebody with a leader sees it. */
export function listedMembers({ members }: ClusterView): readonly MemberFacts[] {
  const answered = members.filter((member) => member.reachable)
  const list = answered.find((member) => member.list?.linearizable)?.list ?? answered[0]?.list
  return (list?.members ?? []).map(({ id, ...member }) => ({ id: formatId(id), ...member }))
}

/** @returns undefined if no member answers at all. */
export function judgeFacts(
  cluster: Cluster,
  { own, others, running, kept = [], verified }: Views,
): ClusterFacts | undefined {
  const [first] = own.members.filter((member) => member.reachable)
  if (first === undefined) return undefined
  // Of those that the file no longer names one may see a leader where our own do not.
  const members = listedMembers({ members: [...own.members, ...others.members] })
  const roster = members.length > 0 ? rosterOf(cluster, members, 0) : undefined
  // A node that was removed may still run, or one that was not added yet: neither is the cluster's trouble.
  const isListed = (name: string) => roster === undefined || roster.members.has(name)
  const mine = own.members.filter(({ name }) => isListed(name))
  const judgement = judgeView({ members: mine }, { members: [] })
  const reachable = [...mine, ...others.members].filter((member) => member.reachable)
  const absent = etcdNodes(cluster).filter((node) => {
    const member = roster?.members.get(node.name)
    if (kept.includes(node)) return false
    return isListed(node.name) && !running.includes(node) && (member === undefined || !isInvited(member))
  })
  const { clusterId, leaderId } = judgement
  return {
    id: formatId(clusterId ?? first.clusterId),
    members,
    healthy: healthyVoters({ members: reachable }).map(({ name }) => name),
    leader:
      leaderId === undefined
        ? undefined
        : (reachable.find(({ memberId }) => memberId === leaderId)?.name ??
          members.find(({ id }) => id === formatId(leaderId))?.name),
    versions: Object.fromEntries(reachable.map(({ name, version }) => [name, version])),
    downgrade: enabledDowngrade(reachable),
    storage: Object.fromEntries(
      reachable.flatMap(({ name, storageVersion }) =>
        storageVersion === undefined ? [] : [[name, storageVersion]],
      ),
    ),
    databaseBytes: Math.max(0, ...reachable.map(({ dbSizeBytes }) => dbSizeBytes)),
    lag: raftLag({ members: reachable }),
    alarms: alarmsByName({ members: reachable }),
    problems: [
      ...absent.map(({ name }) => `${name} does not run`),
      ...judgement.problems
        .filter((problem) => !MEMBERSHIP.has(problem.kind) && !isWantOfSpace(problem))
        .map(({ member, message }) => (member ? `${member} ${message}` : message)),
    ],
    verified,
  }
}

/**
 * Out of space a cluster refuses writes, and is well otherwise. Restarts must not wait for the end of it: a larger quota
 * comes with one.
 */
function isWantOfSpace({ kind, message }: Problem): boolean {
  return (kind === 'alarm' || kind === 'error') && message.includes('NOSPACE')
}
