/** What `status` says about each problem, and which command fixes it at the present quorum. */
import type { ErrorCode } from '../../errors.ts'
import type { FailureKind } from '../../etcd/failure.ts'
import type { Problem, ProblemKind } from '../../etcd/health.ts'
import { PATHS } from '../../host/state.ts'
import { describeCertificate } from '../../pki/certificate.ts'
import { dataElsewhere } from '../../tiers/etcd/plan/foreign.ts'
import {
  type QuorumOutlook,
  type Trouble,
  type Voter,
  quorumOutlook,
  remedyFor,
} from '../../tiers/etcd/plan/remedy.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { AskedMember } from '../../tiers/etcd/facts/ask-members.ts'

/** Stable and documented in docs/guides/status.md. */
export interface StatusProblem {
  readonly kind: ProblemKind
  readonly member: string | null
  readonly message: string
  /** For kind `unknown`: why the member could not be asked. */
  readonly code: ErrorCode | null
  /** What to do next. */
  readonly hint: string | null
}

/** Failures that only say that the member doesn't serve. The state of its node and of the quorum explains why. */
const SILENT: ReadonlySet<FailureKind> = new Set([
  'refused',
  'unreachable',
  'closed',
  'deadline',
  'unavailable',
  'answered',
])

/** What to do where no node has a member: `recover` would find nothing. */
const SET_UP =
  'no etcd node has a member (no data, unit or cluster ID file): to create an empty cluster: quorate apply; to create it from a backup: quorate restore BACKUP'

const RENEW = 'renew the certificates: quorate certs renew'

/**
 * @param now decides which certificates have expired
 * @param cluster says where the data should be
 */
export function statusProblems(
  problems: readonly Problem[],
  asked: readonly AskedMember[],
  now: Date,
  cluster?: Cluster,
): readonly StatusProblem[] {
  const voters = asked
    .filter(({ member }) => !member.reachable || !member.learner)
    .map((one) => voterOf(one, cluster))
  const expired = new Map(
    asked.flatMap((one) => {
      const found = expiredFile(one, now)
      return found === undefined ? [] : [[one.node.name, found] as const]
    }),
  )
  return problems.map((problem) => {
    const { kind, member, message, code } = problem
    const cause = (isSilence(problem) && expired.get(member ?? '')) || undefined
    return {
      kind,
      member: member ?? null,
      message: cause === undefined ? message : `${message}; ${cause}`,
      code: code ?? null,
      hint: hintFor(problem, asked, voters, new Set(expired.keys())) ?? null,
    }
  })
}

function isSilence({ kind }: Problem): boolean {
  return kind === 'unreachable' || kind === 'unhealthy'
}

/**
 * The first expired certificate in the files of a member that does not answer. Restarted with it, etcd serves no client: its
 * peers reject it, so that it finds no quorum.
 */
function expiredFile({ host }: AskedMember, now: Date): string | undefined {
  for (const [name, { pem }] of Object.entries(host?.member?.tls.certificates ?? {})) {
    const end = endOf(pem)
    if (end !== undefined && end <= now)
      return `its certificate ${PATHS.tls}/${name}.crt expired on ${end.toISOString().slice(0, 10)}`
  }
  return undefined
}

/** undefined: the node returned an invalid certificate. `certs list` reports that. */
function endOf(pem: string): Date | undefined {
  try {
    return describeCertificate(pem).notAfter
  } catch {
    return undefined
  }
}

/** No node has a member, or had one since its reset. */
function isUnset(asked: readonly AskedMember[]): boolean {
  return (
    asked.length > 0 &&
    asked.every(({ member, host }) => {
      const state = host?.member
      if (member.reachable || state === undefined || host?.pinned !== undefined) return false
      return !state.dataPresent && !state.walPresent && !state.unit.exists
    })
  )
}

/** @param cluster says where the data should be */
export function voterOf({ node: { name }, member, via, host }: AskedMember, cluster?: Cluster): Voter {
  if (member.reachable && member.read.answered) return { name, state: 'serving' }
  const state = host?.member
  if (via !== undefined) return { name, state: 'unreached' }
  // A member that reports its status runs, whether its node can be inspected or not.
  if (state === undefined) return { name, state: member.reachable ? 'running' : 'unreached' }
  const elsewhere = cluster !== undefined && dataElsewhere(cluster, state) !== undefined
  if ((!state.dataPresent || !state.walPresent) && !elsewhere) return { name, state: 'lost' }
  const { active, exists } = state.unit
  return { name, state: active === 'active' || active === 'activating' || !exists ? 'running' : 'stopped' }
}

/** @param expired names of silent members with an expired certificate */
function hintFor(
  problem: Problem,
  asked: readonly AskedMember[],
  voters: readonly Voter[],
  expired: ReadonlySet<string>,
): string | undefined {
  const { kind, member, message, hint } = problem
  const remedy = (trouble: Trouble) => remedyFor(trouble, voters).text
  // First fix what prevents members from being asked: the quorum may exist after all.
  if (kind === 'unknown') return hint
  if (isUnset(asked)) return SET_UP
  const outlook = quorumOutlook(voters)
  const seen = asked.find(({ node }) => node.name === member)
  if (isSilence(problem) && seen !== undefined && member !== undefined) {
    const failure = failureOf(seen)
    if (seen.via !== undefined || (failure !== undefined && !SILENT.has(failure))) return hint
    const state = voters.find(({ name }) => name === member)?.state
    if (expired.has(member) && state !== 'lost' && canServe(outlook)) return RENEW
    return remedy({ kind: 'silent', member })
  }
  if (outlook === 'startable' && expired.size > 0) return RENEW
  if (outlook !== 'serving') return remedy({ kind: 'no-quorum' })
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

/** A quorum answers, or enough members have their data for one. */
function canServe(outlook: QuorumOutlook): boolean {
  return outlook === 'serving' || outlook === 'startable'
}

function failureOf({ member }: AskedMember): FailureKind | undefined {
  if (!member.reachable) return member.reason.kind
  return member.read.answered ? undefined : member.read.reason.kind
}
