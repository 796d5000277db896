/** A change of the members, for people: file, steps, quorum before and after, risks. */
import type { MemberReport } from '../verbs/members/member.ts'
import type { MemberChange } from '../cluster-file/membership-edit.ts'
import type { MemberPreview } from '../tiers/etcd/member-change.ts'
import type { Count } from '../tiers/etcd/plan/member-arithmetic.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import type { Consequences } from './consequences.ts'
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'
import { counted, plural } from '../spec/units.ts'
import { UNCHANGED } from './unchanged.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'yellow'>

/** Steps that are not listed: they prepare a node, and `quorate plan` shows them. */
const QUIET: ReadonlySet<AnyStep['kind']> = new Set([
  'packages',
  'user',
  'directory',
  'binaries',
  'file',
  'key',
  'certificates',
  'ca',
  'tls-modes',
  'reload',
  'enable',
  'ready',
  'compare',
  'await-health',
])

export function renderMemberChange(
  { present, wanted }: Pick<MemberChange, 'present' | 'wanted'>,
  { fileEdits, arithmetic, steps, clearing, risks }: MemberPreview,
  { bold, dim, yellow }: Painter,
): string {
  const quiet = Map.groupBy(
    steps.filter(({ kind, host }) => QUIET.has(kind) && host !== undefined),
    ({ host }) => host,
  )
  const lines = [
    ...fileEdits.map((edit) => `${present.file}: ${edit}`),
    ...[...quiet].map(
      ([host, own]) =>
        `${bold(host ?? '')}: prepared ${dim(`(${counted(own.length, 'step')}; quorate plan shows them)`)}`,
    ),
    ...[...steps.filter(({ kind }) => !QUIET.has(kind)), ...clearing].map(
      ({ host, what, why }) =>
        `${host === undefined ? '' : `${bold(host)}: `}${oneLine(what)} ${dim(`(${oneLine(why)})`)}`,
    ),
  ]
  return [
    `${bold(wanted.name)}: ${describe(arithmetic.before)} ${bold('→')} ${describe(arithmetic.after)}\n`,
    ...lines.map((line, index) => `  ${index + 1}. ${line}\n`),
    ...risks.map((risk) => `  ${yellow('!')} ${oneLine(risk)}\n`),
  ].join('')
}

/** undefined: no node leaves. */
export function memberLosses({
  arithmetic: { before, after, fewestMayFail },
  clearing,
  unreachable,
}: Pick<MemberPreview, 'arithmetic' | 'clearing' | 'unreachable'>): Consequences | undefined {
  const cleared = [...new Set(clearing.map(({ host }) => host))]
  if (cleared.length === 0 && unreachable.length === 0) return undefined
  const fewer =
    after.voters < before.voters
      ? `; members that may fail: ${before.mayFail} before, ${after.mayFail} after`
      : ''
  const kept = [
    ...(cleared.length > 0 ? [`the data on ${cleared.join(', ')}, renamed`] : []),
    ...(unreachable.length > 0 ? [`everything on ${unreachable.join(', ')} (unreachable)`] : []),
  ]
  return {
    loses: `no data of the cluster${fewer}`,
    keeps: kept.join('; '),
    downtime:
      fewestMayFail > 0
        ? `none expected, even if ${counted(fewestMayFail, 'member')} ${plural(fewestMayFail, 'fails', 'fail')} during the change`
        : 'none expected, as long as no member fails during the change',
  }
}

export function renderMemberReport({
  changed,
  members,
  moved,
  notCleared,
  refrained,
}: Pick<MemberReport, 'changed' | 'members' | 'moved' | 'notCleared' | 'refrained'>): string {
  return [
    ...refrained.map((text) => `${oneLine(text)}\n`),
    changed
      ? `done: ${counted(members.length, 'voting member')}: ${members.map(({ name }) => name).join(', ')}\n`
      : `${UNCHANGED}\n`,
    ...moved.map(({ host, from, to }) => `  ${host}: ${from} is now ${to}\n`),
    ...notCleared.map(
      (host) =>
        `${host} is unreachable and still has the unit and data of etcd. When it is back, ${whenBack(changed)}: quorate member remove ${host}\n`,
    ),
  ].join('')
}

/** Only a member that this run removed is known to stop: one that a recovery left out still belongs to the old cluster. */
function whenBack(removedNow: boolean): string {
  return removedNow
    ? 'its etcd stops by itself, because it was removed. Then decommission it'
    : 'its etcd may start with old data: decommission it at once'
}

function describe({ voters, quorum, mayFail }: Count): string {
  return `${counted(voters, 'voting member')} (quorum ${quorum}, ${mayFail === 0 ? 'none' : mayFail} may fail)`
}
