/** Whether a cluster is healthy and as expected: judges a view without other input. */
import type { ErrorCode } from '../errors.ts'
import { NO_MEMBER, formatId } from './id.ts'
import type { ClusterView, ReachableMember, UnreachableMember } from './view.ts'
import type { ListedMember } from './listed-member.ts'

export interface ExpectedMember {
  readonly name: string
  readonly peerUrls: readonly string[]
}

export interface ExpectedCluster {
  readonly members: readonly ExpectedMember[]
  /** The cluster's ID, if it is already known. */
  readonly clusterId?: bigint | undefined
}

export type ProblemKind =
  | 'unknown' //          a member could not be asked: nothing is known about it
  | 'unreachable' //      a member gives no status
  | 'unhealthy' //        a member answers no linearizable read
  | 'cluster-id' //       members of more than one cluster, or of an unexpected one
  | 'leader' //           no leader, or no agreement on one
  | 'alarm'
  | 'error' //            a member reports its own error
  | 'missing' //          an expected member is not in the list
  | 'not-started' //      added, but never started
  | 'learner' //          takes part without a vote
  | 'peer-urls' //        another peer URL than expected
  | 'unexpected' //       a member that is not expected
  | 'list' //             members disagree on who belongs to the cluster, or can't say

export interface Problem {
  readonly kind: ProblemKind
  /** The member's name, if the problem is one member's. */
  readonly member: string | undefined
  readonly message: string
  /** The fix, if the failure itself suggests one. */
  readonly hint?: string | undefined
  /** For `unknown`: why the member could not be asked. */
  readonly code?: ErrorCode | undefined
}

export interface Judgement {
  /** No problem at all. */
  readonly healthy: boolean
  /** The cluster ID of all reachable members, if they agree. */
  readonly clusterId: bigint | undefined
  /** The leader, if all of them agree. */
  readonly leaderId: bigint | undefined
  readonly problems: readonly Problem[]
}

export function judgeView(view: ClusterView, expected: ExpectedCluster): Judgement {
  const reachable = view.members.filter((member) => member.reachable)
  const clusterId = agreed(reachable.map((member) => member.clusterId))
  const leaderId = agreed(reachable.map((member) => member.leaderId))
  const problems = [
    ...answers(view, reachable),
    ...oneCluster(reachable, clusterId, expected.clusterId),
    ...oneLeader(reachable, leaderId),
    ...alarms(reachable),
    ...membership(reachable, expected.members),
  ]
  return { healthy: problems.length === 0, clusterId, leaderId, problems }
}

/** `unknown`: everything that could be inspected is fine, but some could not be. */
export type Health = 'healthy' | 'unhealthy' | 'unknown'

/** In one word. A member that could not be asked doesn't count as down. */
export function healthOf(problems: readonly Problem[]): Health {
  if (problems.length === 0) return 'healthy'
  return problems.every(({ kind }) => kind === 'unknown') ? 'unknown' : 'unhealthy'
}

function answers(view: ClusterView, reachable: readonly ReachableMember[]): Problem[] {
  const raised = new Set(
    reachable.flatMap((member) => (member.alarms ?? []).map(({ memberId, type }) => `${memberId} ${type}`)),
  )
  return view.members.flatMap((member): Problem[] => {
    if (!member.reachable) return [silence(member)]
    const errors = member.errors
      .filter((error) => !raised.has(alarmIn(error)))
      .map((error) => problem('error', `reports: ${error.trim()}`, member.name))
    // A learner answers no linearizable read. It is reported as a learner, and that is enough.
    if (member.read.answered || member.learner) return errors
    const { message, hint } = member.read.reason
    return [
      { ...problem('unhealthy', `answers no linearizable read: ${message}`, member.name), hint },
      ...errors,
    ]
  })
}

/** etcd repeats alarms among a member's errors, as `memberID:1 alarm:NOSPACE`. Any other error: empty. */
function alarmIn(error: string): string {
  const { id, type } = /^memberID:(?<id>\d+)\s+alarm:(?<type>\w+)\s*$/.exec(error)?.groups ?? {}
  return id === undefined ? '' : `${id} ${type}`
}

function silence({ name, reason: { message, hint }, unasked: code }: UnreachableMember): Problem {
  if (code === undefined) return { ...problem('unreachable', `does not answer: ${message}`, name), hint }
  return { ...problem('unknown', `could not be asked: ${message}`, name), hint, code }
}

function oneCluster(
  reachable: readonly ReachableMember[],
  clusterId: bigint | undefined,
  expected: bigint | undefined,
): Problem[] {
  if (reachable.length === 0) return []
  if (clusterId === undefined) {
    const claims = reachable.map((member) => `${member.name} in ${formatId(member.clusterId)}`).join(', ')
    return [problem('cluster-id', `members belong to more than one cluster: ${claims}`)]
  }
  if (expected === undefined || expected === clusterId) return []
  return [problem('cluster-id', `cluster ID is ${formatId(clusterId)}, expected ${formatId(expected)}`)]
}

function oneLeader(reachable: readonly ReachableMember[], leaderId: bigint | undefined): Problem[] {
  if (leaderId !== undefined || reachable.length === 0) return []
  const leaderless = reachable.filter((member) => member.leaderId === undefined)
  if (leaderless.length > 0)
    return leaderless.map((member) => problem('leader', 'knows no leader', member.name))
  const claims = reachable
    .map((member) => `${member.name} says ${formatId(member.leaderId ?? 0n)}`)
    .join(', ')
  return [problem('leader', `members do not agree on a leader: ${claims}`)]
}

function alarms(reachable: readonly ReachableMember[]): Problem[] {
  if (reachable.length > 0 && reachable.every((member) => member.alarms === undefined)) {
    return [problem('alarm', 'alarms are unknown: no member could report them')]
  }
  const names = new Map(reachable.map((member) => [member.memberId, member.name]))
  const raised = new Map<string, Problem>()
  for (const { memberId, type } of reachable.flatMap((member) => member.alarms ?? [])) {
    const name = names.get(memberId)
    const who = name ?? (memberId === 0n ? NO_MEMBER : `member ${formatId(memberId)}`)
    raised.set(
      `${who} ${type}`,
      problem('alarm', `alarm ${type}${name === undefined ? ` on ${who}` : ''}`, name),
    )
  }
  return [...raised.values()]
}

function membership(reachable: readonly ReachableMember[], expected: readonly ExpectedMember[]): Problem[] {
  const lists = reachable.flatMap((member) =>
    member.list === undefined ? [] : [{ ...member.list, of: member.name }],
  )
  const list = lists.find((candidate) => candidate.linearizable) ?? lists[0]
  if (list === undefined) {
    return reachable.length === 0
      ? []
      : [problem('list', 'the member list is unknown: no member could report it')]
  }
  const different = lists.filter(
    (other) => other.linearizable && fingerprint(other.members) !== fingerprint(list.members),
  )
  const problems = different.map((other) =>
    problem('list', `its member list differs from that of ${list.of}`, other.of),
  )
  const unmatched = new Set(list.members)
  const names = new Set(expected.map(({ name }) => name))
  for (const wanted of expected) {
    const found = findMember(list.members, wanted, names)
    if (found === undefined) {
      problems.push(problem('missing', 'is not a member of the cluster', wanted.name))
      continue
    }
    unmatched.delete(found)
    problems.push(...judgeMember(found, wanted))
  }
  for (const { id, name, peerUrls } of unmatched) {
    const who = `member ${formatId(id)} (${[name || 'not started', ...peerUrls].join(', ')})`
    problems.push(problem('unexpected', `${who} is not in the cluster file`))
  }
  return problems
}

/**
 * Finds a started member by its name. Others are found by their peer URLs. A member that never started has no name yet,
 * and one that will be renamed at its next restart has the old name.
 */
function findMember(
  members: readonly ListedMember[],
  wanted: ExpectedMember,
  names: ReadonlySet<string>,
): ListedMember | undefined {
  return (
    members.find((member) => member.name === wanted.name) ??
    members.find(
      ({ name, peerUrls }) => !names.has(name) && peerUrls.some((url) => wanted.peerUrls.includes(url)),
    )
  )
}

function judgeMember(found: ListedMember, wanted: ExpectedMember): Problem[] {
  const problems: Problem[] = []
  if (found.name === '') problems.push(problem('not-started', 'was added but has never started', wanted.name))
  if (found.learner) problems.push(problem('learner', 'is a learner (not a voting member)', wanted.name))
  if (found.peerUrls.toSorted().join() !== wanted.peerUrls.toSorted().join()) {
    const urls = `${found.peerUrls.join(', ')} instead of ${wanted.peerUrls.join(', ')}`
    problems.push(problem('peer-urls', `is known to its peers as ${urls}`, wanted.name))
  }
  return problems
}

function fingerprint(members: readonly ListedMember[]): string {
  return members
    .map((member) => [member.id, member.name, member.learner, ...member.peerUrls.toSorted()].join(' '))
    .toSorted()
    .join('\n')
}

/** The value that all agree on; undefined if they differ or have none. */
function agreed<T>(values: readonly (T | undefined)[]): T | undefined {
  const distinct = new Set(values)
  return distinct.size === 1 ? values[0] : undefined
}

function problem(kind: ProblemKind, message: string, member?: string): Problem {
  return { kind, message, member }
}
