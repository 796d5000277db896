/** What `status` says about each problem, and which command helps at the present quorum. */
import type { ErrorCode } from '../../errors.ts'
import type { FailureKind } from '../../etcd/failure.ts'
import type { Problem, ProblemKind } from '../../etcd/health.ts'
import { dataElsewhere } from '../../tiers/etcd/plan/foreign.ts'
import { type Trouble, type Voter, quorumOutlook, remedyFor } from '../../tiers/etcd/plan/remedy.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { AskedMember } from '../../tiers/etcd/facts/ask-members.ts'

/** Stable and documented in docs/guides/status.md. */
export interface StatusProblem {
  readonly kind: ProblemKind
  readonly member: string | null
  readonly message: string
  /** Of kind `unknown`: why the member could not be asked. */
  readonly code: ErrorCode | null
  /** What to do next. */
  readonly hint: string | null
}

/** Failures that say no more than that the member is not at work: why that is, its machine and the quorum tell. */
const SILENT: ReadonlySet<FailureKind> = new Set([
  'refused',
  'unreachable',
  'closed',
  'deadline',
  'unavailable',
  'answered',
])

export function statusProblems(
  problems: readonly Problem[],
  asked: readonly AskedMember[],
  cluster?: Cluster,
): readonly StatusProblem[] {
  const voters = asked
    .filter(({ member }) => !member.reachable || !member.learner)
    .map((one) => voterOf(one, cluster))
  return problems.map((problem) => ({
    kind: problem.kind,
    member: problem.member ?? null,
    message: problem.message,
    code: problem.code ?? null,
    hint: hintFor(problem, asked, voters) ?? null,
  }))
}

/** @param cluster says where the data should be. */
export function voterOf({ node: { name }, member, via, host }: AskedMember, cluster?: Cluster): Voter {
  if (member.reachable && member.read.answered) return { name, state: 'serving' }
  const state = host?.member
  if (via !== undefined) return { name, state: 'unreached' }
  // One that answers with its status runs, whether its machine can be looked at or not.
  if (state === undefined) return { name, state: member.reachable ? 'running' : 'unreached' }
  const elsewhere = cluster !== undefined && dataElsewhere(cluster, state) !== undefined
  if ((!state.dataPresent || !state.walPresent) && !elsewhere) return { name, state: 'lost' }
  const { active, exists } = state.unit
  return { name, state: active === 'active' || active === 'activating' || !exists ? 'running' : 'stopped' }
}

function hintFor(
  { kind, member, message, hint }: Problem,
  asked: readonly AskedMember[],
  voters: readonly Voter[],
): string | undefined {
  const remedy = (trouble: Trouble) => remedyFor(trouble, voters).text
  // What keeps members from being asked comes first: with it gone the quorum may be there.
  if (kind === 'unknown') return hint
  const seen = asked.find(({ node }) => node.name === member)
  if ((kind === 'unreachable' || kind === 'unhealthy') && seen !== undefined && member !== undefined) {
    const failure = failureOf(seen)
    if (seen.via !== undefined || (failure !== undefined && !SILENT.has(failure))) return hint
    return remedy({ kind: 'silent', member })
  }
  if (quorumOutlook(voters) !== 'serving') return remedy({ kind: 'no-quorum' })
  // A member reports its alarms among its errors, too.
  if (kind === 'alarm' || kind === 'error') {
    if (/\bCORRUPT\b/.test(message)) return remedy({ kind: 'corrupt' })
    if (/\bNOSPACE\b/.test(message)) return remedy({ kind: 'full' })
  }
  switch (kind) {
    case 'alarm':
    case 'leader':
    case 'list':
    case 'error':
      return 'check again in a moment; if it persists, read the journals: quorate run etcd --root -- journalctl -u etcd -n 30'
    case 'cluster-id':
      return 'find out which of the clusters has the data before you start or change anything'
    default:
      return 'see what quorate apply would change: quorate plan'
  }
}

function failureOf({ member }: AskedMember): FailureKind | undefined {
  if (!member.reachable) return member.reason.kind
  return member.read.answered ? undefined : member.read.reason.kind
}
