/** Members stopped with `quorate stop`: they stay stopped until an operator starts them. */
import type { MemberState } from '../../../host/state.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { counted } from '../../../spec/units.ts'
import type { ApplyIntent } from './intent.ts'
import type { Observed } from '../facts/observed.ts'
import { quorum } from '../facts/quorum.ts'
import { type Roster, isNeverStarted, isReplaced } from '../facts/membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'

/**
 * The marker of `quorate stop` exists, and nothing contradicts it. A member that runs again, or would at boot, was started
 * by hand; one without its WAL was reset or will be replaced.
 */
export function isKeptStopped(state: MemberState | undefined): boolean {
  if (state?.stoppedByOperator === undefined) return false
  const { active, enabled } = state.unit
  return (active === 'inactive' || active === 'failed') && !enabled && state.walPresent
}

/** Etcd nodes whose members must not be started now; none if the intent asks for their start. */
export function keptStopped(
  { cluster, startStopped }: Pick<ApplyIntent, 'cluster' | 'startStopped'>,
  { hosts }: Pick<Observed, 'hosts'>,
): readonly Node[] {
  if (startStopped === true) return []
  return etcdNodes(cluster).filter(({ name }) => isKeptStopped(hosts[name]?.member))
}

/** Those of them that stay members: a member to replace is started like any new member. */
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

/** Nothing works without a quorum, and without these members there is none: waiting would be in vain. */
export function quorumWithout(
  kept: readonly Node[],
  { hosts }: Pick<Observed, 'hosts'>,
  roster: Roster | undefined,
  all: readonly Node[],
): readonly BlockReason[] {
  if (kept.length === 0) return []
  const away = new Set(kept.map(({ name }) => name))
  // If no member can be asked, data says which nodes are members.
  const known =
    roster === undefined
      ? all.filter(({ name }) => hosts[name]?.member?.dataPresent === true).map(({ name }) => name)
      : [...roster.members].filter(([, one]) => !one.learner && !isNeverStarted(one)).map(([name]) => name)
  const voters = roster?.voters ?? known.length
  const stopped = known.filter((name) => away.has(name)).length
  if (voters - stopped >= quorum(voters)) return []
  return [
    {
      message: `no quorum: ${names(kept)} stopped with quorate stop, which leaves ${voters - stopped} of ${counted(voters, 'voting member')}, ${quorum(voters)} needed`,
      hint: startHint(kept),
    },
  ]
}

/** Why no member is restarted, added or removed now. */
export function keptReason(kept: readonly Node[]): BlockReason {
  return {
    message: `${names(kept)} stopped with quorate stop: while a member is down, no other is restarted, added or removed`,
    hint: `${startHint(kept)}; then rerun the command`,
    putsOff: true,
  }
}

/** For a note: that it stays stopped, and how to start it. */
export function keptNote({ name }: Node, state: MemberState | undefined): string {
  const since = state?.stoppedByOperator?.since
  return `stopped with quorate stop${since === undefined ? '' : ` (${since})`}, and stays stopped; to start it: quorate start ${name}`
}

function startHint(kept: readonly Node[]): string {
  return `start ${kept.length === 1 ? 'it' : 'them'}: quorate start ${kept.map(({ name }) => name).join(' ')}`
}

function names(kept: readonly Node[]): string {
  return `${kept.map(({ name }) => name).join(', ')} ${kept.length === 1 ? 'was' : 'were'}`
}
