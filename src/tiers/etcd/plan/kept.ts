/** Members that `quorate stop` stopped: they stay so until somebody asks for their start. */
import type { MemberState } from '../../../host/state.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { counted } from '../../../spec/units.ts'
import type { ApplyIntent } from './intent.ts'
import type { Observed } from '../facts/observed.ts'
import { quorum } from '../facts/quorum.ts'
import { type Roster, isNeverStarted, isReplaced } from '../facts/membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'

/**
 * The mark of `quorate stop` is there, and nothing has happened since that says otherwise. One that runs again, or would
 * at boot, was started by hand; one without its log was reset or is to be replaced.
 */
export function isKeptStopped(state: MemberState | undefined): boolean {
  if (state?.stoppedByOperator === undefined) return false
  const { active, enabled } = state.unit
  return (active === 'inactive' || active === 'failed') && !enabled && state.walPresent
}

/** Etcd nodes whose members are not to be started now; none where the intent asks for their start. */
export function keptStopped(
  { cluster, startStopped }: Pick<ApplyIntent, 'cluster' | 'startStopped'>,
  { hosts }: Pick<Observed, 'hosts'>,
): readonly Node[] {
  if (startStopped === true) return []
  return etcdNodes(cluster).filter(({ name }) => isKeptStopped(hosts[name]?.member))
}

/** Those of them that are members, and stay: what is to be made anew is started as any newcomer is. */
export function keptMembers(
  intent: ApplyIntent,
  observed: Observed,
  roster: Roster | undefined,
): readonly Node[] {
  return keptStopped(intent, observed).filter(({ name }) => {
    if (roster === undefined) return true
    const member = roster.members.get(name)
    return member !== undefined && !isNeverStarted(member) && !isReplaced(intent, name, member)
  })
}

/** Nothing can be done without a quorum, and without these there is none: waiting for it would be in vain. */
export function quorumWithout(
  kept: readonly Node[],
  { hosts }: Pick<Observed, 'hosts'>,
  roster: Roster | undefined,
  all: readonly Node[],
): readonly BlockReason[] {
  if (kept.length === 0) return []
  const away = new Set(kept.map(({ name }) => name))
  // With nobody to ask, data tells who is a member.
  const known =
    roster === undefined
      ? all.filter(({ name }) => hosts[name]?.member?.dataPresent === true).map(({ name }) => name)
      : [...roster.members].filter(([, one]) => !one.learner && !isNeverStarted(one)).map(([name]) => name)
  const voters = roster?.voters ?? known.length
  const stopped = known.filter((name) => away.has(name)).length
  if (voters - stopped >= quorum(voters)) return []
  return [
    {
      message: `${names(kept)} stopped with quorate stop: without them ${voters - stopped} of ${counted(voters, 'voting member')} are left, and ${quorum(voters)} are needed`,
      hint: startHint(kept),
    },
  ]
}

/** Why no member restarts, joins or leaves now. */
export function keptReason(kept: readonly Node[]): BlockReason {
  return {
    message: `${names(kept)} stopped with quorate stop: no other member is restarted, added or removed as long as one is down`,
    hint: `${startHint(kept)}; then apply again`,
    putsOff: true,
  }
}

/** For a note: that it was left as it is, and how it is started. */
export function keptNote({ name }: Node, state: MemberState | undefined): string {
  const since = state?.stoppedByOperator?.since
  return `stopped with quorate stop${since === undefined ? '' : ` (${since})`}, and left so; to start it: quorate start ${name}`
}

function startHint(kept: readonly Node[]): string {
  return `start ${kept.length === 1 ? 'it' : 'them'}: quorate start ${kept.map(({ name }) => name).join(' ')}`
}

function names(kept: readonly Node[]): string {
  return `${kept.map(({ name }) => name).join(', ')} ${kept.length === 1 ? 'was' : 'were'}`
}
