/** Judges the views of a cluster's members. Pure, and shared with the simulation. */
import { enabledDowngrade } from '../../../etcd/downgrade.ts'
import { judgeView, type Problem, type ProblemKind } from '../../../etcd/health.ts'
import { raftLag } from '../../../etcd/lag.ts'
import { NO_MEMBER, formatId } from '../../../etcd/id.ts'
import type { ClusterView, ReachableMember } from '../../../etcd/view.ts'
import { healthyVoters } from '../../../etcd/voters.ts'
import type { ClusterFacts, MemberFacts, Observed, RaisedAlarm, Silence } from './observed.ts'
import { isNeverStarted, rosterOf } from './membership-map.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'

/** Ignores who should be a member, and where: the planner decides that, because it changes it. */
const MEMBERSHIP: ReadonlySet<ProblemKind> = new Set([
  'missing',
  'not-started',
  'learner',
  'peer-urls',
  'unexpected',
])

export interface Views {
  /** What the members of the file's nodes report, as far as they were asked. */
  readonly own: ClusterView
  /** What members without a node in the cluster file report. */
  readonly others: ClusterView
  /** Nodes whose members an operator stopped: it isn't a problem that they are down. */
  readonly kept?: readonly Node[] | undefined
  readonly verified: boolean
}

/** The member list, preferably from a member with a leader. */
export function listedMembers({ members }: ClusterView): readonly MemberFacts[] {
  const lists = members.flatMap((member) => (member.reachable ? (member.list ?? []) : []))
  const list = lists.find(({ linearizable }) => linearizable) ?? lists[0]
  return (list?.members ?? []).map(({ id, ...member }) => ({ id: formatId(id), ...member }))
}

/** @returns undefined if no member answers at all. */
export function judgeFacts(
  cluster: Cluster,
  { own, others, kept = [], verified }: Views,
): ClusterFacts | undefined {
  const [first] = own.members.filter((member) => member.reachable)
  if (first === undefined) return undefined
  // A member that the file no longer lists may see a leader when the file's members don't.
  const members = listedMembers({ members: [...own.members, ...others.members] })
  const roster = members.length > 0 ? rosterOf(cluster, members, 0) : undefined
  // A removed node may still run, or one that was not added yet: neither is a problem of the cluster.
  const isListed = (name: string) => roster === undefined || roster.members.has(name)
  const mine = own.members.filter(({ name }) => isListed(name))
  const judgement = judgeView({ members: mine }, { members: [] })
  const reachable = [...mine, ...others.members].filter((member) => member.reachable)
  const asked = new Set(own.members.map(({ name }) => name))
  const absent = etcdNodes(cluster).filter((node) => {
    const member = roster?.members.get(node.name)
    if (kept.includes(node)) return false
    return isListed(node.name) && !asked.has(node.name) && (member === undefined || !isNeverStarted(member))
  })
  const answered = [...own.members, ...others.members].filter((member) => member.reachable)
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
    leading: newestLeader(reachable),
    ids: Object.fromEntries(answered.map(({ name, memberId }) => [name, formatId(memberId)])),
    versions: Object.fromEntries(reachable.map(({ name, version }) => [name, version])),
    downgrade: enabledDowngrade(reachable),
    storage: Object.fromEntries(
      reachable.flatMap(({ name, storageVersion }) =>
        storageVersion === undefined ? [] : [[name, storageVersion]],
      ),
    ),
    space: Object.fromEntries(
      reachable.map(({ name, dbSizeBytes, dbSizeInUseBytes, dbSizeQuotaBytes }) => [
        name,
        { sizeBytes: dbSizeBytes, inUseBytes: dbSizeInUseBytes, quotaBytes: dbSizeQuotaBytes },
      ]),
    ),
    revision: Math.max(0, ...reachable.map(({ read }) => (read.answered ? Number(read.revision) : 0))),
    lag: raftLag({ members: reachable }),
    alarms: raisedAlarms(cluster, answered, members),
    problems: [
      ...absent.map(({ name }) => `${name} is not running`),
      ...judgement.problems
        .filter((problem) => !MEMBERSHIP.has(problem.kind) && !isWantOfSpace(problem))
        .map(({ member, message }) => (member ? `${member} ${message}` : message)),
    ],
    verified,
  }
}

/**
 * A cluster with NOSPACE rejects writes, and is healthy otherwise. Restarts must not wait for its end: a larger quota
 * needs one.
 */
function isWantOfSpace({ kind, message }: Problem): boolean {
  return (kind === 'alarm' || kind === 'error') && message.includes('NOSPACE')
}

/** What the members of the file's nodes report, if no other member is asked. */
export function saidBy(cluster: Cluster, own: ClusterView): Pick<Observed, 'cluster' | 'silent'> {
  return {
    cluster: judgeFacts(cluster, { own, others: { members: [] }, verified: false }),
    silent: silenceIn(own),
  }
}

/** By name: why a member answered no linearizable read. */
export function silenceIn({ members }: ClusterView): Readonly<Record<string, Silence>> {
  return Object.fromEntries(
    members.flatMap((member): [string, Silence][] => {
      if (!member.reachable)
        return [[member.name, { message: member.reason.message, unasked: member.unasked }]]
      return member.read.answered ? [] : [[member.name, { message: member.read.reason.message }]]
    }),
  )
}

function newestLeader(reachable: readonly ReachableMember[]): string | undefined {
  return reachable
    .filter(({ leaderId, memberId }) => leaderId === memberId)
    .toSorted((a, b) => Number(b.raftTerm - a.raftTerm))[0]?.name
}

/** Every member lists the alarms of all. */
function raisedAlarms(
  cluster: Cluster,
  answered: readonly ReachableMember[],
  members: readonly MemberFacts[],
): readonly RaisedAlarm[] | undefined {
  if (answered.every(({ alarms }) => alarms === undefined)) return undefined
  const found = new Map<string, RaisedAlarm>()
  for (const { memberId, type } of answered.flatMap((member) => member.alarms ?? [])) {
    const id = formatId(memberId)
    const name =
      answered.find((member) => member.memberId === memberId)?.name ??
      members.find((member) => member.id === id)?.name
    const node = etcdNodes(cluster).find((one) => one.name === name)
    found.set(`${id} ${type}`, { member: node?.name ?? (memberId === 0n ? NO_MEMBER : id), memberId, type })
  }
  return [...found.values()]
}
