/** What a change of the members would do, looked at: the plan, its arithmetic, the machines that leave. */
import { QuorateError, combineErrors } from '../../errors.ts'
import type { HostState } from '../../host/state.ts'
import { runAgent } from '../../host/agent.ts'
import { looksFor, parseHostState } from '../../host/observe.ts'
import type { ApplyIntent } from './plan/intent.ts'
import { type Arithmetic, arithmetic } from './plan/member-arithmetic.ts'
import { newcomersIn } from './facts/joining.ts'
import type { ClusterFacts, Observed } from './facts/observed.ts'
import { type Plan, plan } from './plan/plan.ts'
import { votersAmong } from './facts/losses.ts'
import { quorum } from './facts/quorum.ts'
import { remedyFor } from './plan/remedy.ts'
import { type ResetIntent, planReset } from './plan/reset.ts'
import { isNeverStarted, rosterOf } from './facts/membership-map.ts'
import { judgeSituation } from './facts/situation.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { ResetStep, Step } from './steps/steps.ts'
import { blockedError } from './run.ts'
import { observe } from './facts/observe.ts'
import type { Session } from './session.ts'
import { type Node, asEtcdNode, etcdNodes } from '../../spec/cluster.ts'
import { describeEdit } from '../../spec/edit-nodes.ts'
import { onAll } from '../../ssh/fleet.ts'
import { applyIntent } from './apply-intent.ts'
import type { MemberChange } from '../../cluster-file/membership-edit.ts'
import { membershipRisks } from './plan/membership-risks.ts'
import { notThisMember } from './facts/not-this-member.ts'
import { counted } from '../../spec/units.ts'

export interface MemberPreview {
  readonly verb: string
  /** What is written into the cluster file; empty: it says so already. */
  readonly fileEdits: readonly string[]
  readonly arithmetic: Arithmetic
  /** What the planner does, in order. */
  readonly steps: readonly Step[]
  /** What is done afterwards on machines that leave. */
  readonly clearing: readonly ResetStep[]
  /** Machines that leave and can't be reached. */
  readonly unreachable: readonly string[]
  /** Sentences that whoever says yes should have read. */
  readonly risks: readonly string[]
}

export interface MemberLook {
  readonly preview: MemberPreview
  readonly intent: ApplyIntent
  readonly observed: Observed
  readonly plan: Plan
  readonly reset: ResetIntent
  /** By name: machines that leave and could be looked at. */
  readonly leaving: Readonly<Record<string, HostState>>
  readonly newcomers: ReadonlySet<string>
  /** Said instead of doing anything: a member that is to be made anew is well. */
  readonly refrained: readonly string[]
}

/**
 * `session` is one on `change.wanted`.
 *
 * @param unreachable machines that leave, and were found out of reach a moment ago: they are not waited for again
 * @throws QuorateError `blocked` with every reason
 */
export async function lookAtChange(
  session: Session,
  change: MemberChange,
  unreachable: readonly string[] = [],
): Promise<MemberLook> {
  const { wanted } = change
  const reached = change.leaving.filter(({ name }) => !unreachable.includes(name))
  const [observed, looked] = await Promise.all([observe(session), lookAtLeaving(session, reached)])
  const machines = { ...looked, unreachable: [...unreachable, ...looked.unreachable] }
  const decided = decideChange(change, observed, applyIntent(wanted, session.now()))
  const { intent, plan: foreseen, facts, refrained, remarks } = decided
  for (const text of remarks) session.emit({ type: 'note', text })
  const steps = foreseen.waves.flat()
  const reset: ResetIntent = {
    cluster: wanted,
    hosts: Object.keys(machines.states),
    purge: false,
    suffix: `before-leave-${intent.stamp}`,
    removed: Object.keys(machines.states),
  }
  const cleared = planReset(reset, machines.states)
  if (cleared.blocked.length > 0) throw blockedError(cleared.blocked)
  const figures = arithmetic(facts, steps)
  const preview: MemberPreview = {
    verb: change.verb,
    fileEdits: change.edits.map(describeEdit),
    arithmetic: figures,
    steps,
    clearing: cleared.steps,
    unreachable: machines.unreachable,
    risks: membershipRisks(change, { figures, steps, observed, unreachable: machines.unreachable }),
  }
  const newcomers = newcomersIn(wanted, observed)
  return { preview, intent, observed, plan: foreseen, reset, leaving: machines.states, newcomers, refrained }
}

export interface ChangeDecision {
  readonly intent: ApplyIntent
  readonly plan: Plan
  readonly facts: ClusterFacts
  /** As in `MemberLook`. */
  readonly refrained: readonly string[]
  /** Worth saying. */
  readonly remarks: readonly string[]
}

/** Pure. @param apply what an apply of the wanted file asks for @throws QuorateError `blocked` with every reason */
export function decideChange(
  change: Pick<MemberChange, 'wanted' | 'anew'>,
  observed: Observed,
  apply: ApplyIntent,
): ChangeDecision {
  const facts = requireCluster(change.wanted.name, observed, apply)
  const { replace, refrained, remarks } = toMakeAnew(change, observed, facts)
  const intent: ApplyIntent = { ...apply, replace }
  const blocked = notWell(intent, observed, facts)
  if (blocked.length > 0) throw blockedError(blocked)
  const foreseen = plan(intent, observed)
  if (foreseen.blocked.length > 0) throw blockedError(foreseen.blocked)
  return { intent, plan: foreseen, facts, refrained, remarks }
}

/** @throws QuorateError `blocked`: there is no cluster whose members could be changed, or nobody to ask. */
function requireCluster(name: string, observed: Observed, intent: ApplyIntent): ClusterFacts {
  const situation = judgeSituation(intent, observed)
  const { cluster: facts } = observed
  if (situation.kind === 'new' || situation.kind === 'forming') {
    throw new QuorateError(
      'blocked',
      `'${name}' is no cluster yet: its members were never healthy together`,
      {
        hint: 'form it first: quorate apply',
      },
    )
  }
  if (facts === undefined || facts.members.length === 0) {
    if (situation.kind === 'blocked') throw blockedError(situation.reasons)
    throw new QuorateError(
      'blocked',
      'no member of those that stay answers: nobody can be asked who belongs to the cluster',
      {
        hint: 'see quorate status; members that are only stopped are started by: quorate apply',
      },
    )
  }
  return facts
}

function toMakeAnew(change: Pick<MemberChange, 'wanted' | 'anew'>, { hosts }: Observed, facts: ClusterFacts) {
  const { members } = rosterOf(change.wanted, facts.members, 0)
  const replace: Record<string, string> = {}
  const refrained: string[] = []
  const remarks: string[] = []
  for (const { node, memberId } of change.anew) {
    const member = members.get(node.name)
    // Gone already, or on its way back: what was begun is finished.
    if (member === undefined || member.learner || isNeverStarted(member)) continue
    if (memberId !== undefined && memberId !== member.id) {
      remarks.push(notThisMember(node.name, memberId, member.id, facts))
      continue
    }
    const state = hosts[node.name]?.member
    const well = facts.healthy.includes(node.name) && state?.dataPresent === true && state.walPresent
    if (well && memberId === undefined)
      refrained.push(
        `${node.name} is a healthy member with its data; to make it anew all the same: quorate member replace ${node.name} --anew ${member.id}`,
      )
    else replace[node.name] = member.id
  }
  return { replace, refrained, remarks }
}

/** Members that stay must be well: what is begun with fewer would wait for them in the middle. */
function notWell({ cluster, replace }: ApplyIntent, { hosts }: Observed, facts: ClusterFacts): BlockReason[] {
  const { members, voters } = rosterOf(cluster, facts.members, 0)
  // Without a leader there is one thing that may help: a newcomer that was added and has not started.
  if (facts.leader === undefined && facts.members.some(isNeverStarted)) return []
  const sick = [...members].filter(
    ([name, member]) =>
      !member.learner &&
      !isNeverStarted(member) &&
      replace?.[name] !== member.id &&
      !facts.healthy.includes(name),
  )
  if (sick.length === 0) return []
  const names = sick.map(([host]) => host)
  const all = etcdNodes(cluster).flatMap((node) => {
    const state = hosts[node.name]?.member
    const active = state?.unit.active === 'active' || state?.unit.active === 'activating'
    return state === undefined ? [] : [{ node, state, wasMember: true, active }]
  })
  const standing = votersAmong(all, { cluster: facts })
  const isLost = (name: string) => standing.some((one) => one.name === name && one.state === 'lost')
  const going = Object.keys(replace ?? {})
  // etcd adds nobody while a voter is away: of two that can't come back neither is made anew before the other.
  const apart = going.length > 0 && facts.healthy.length >= quorum(voters) ? names.filter(isLost) : []
  const back = names
    .filter((name) => !apart.includes(name))
    .map((member) => remedyFor({ kind: 'silent', member }, standing, voters).text)
  const leaving = apart.length > 0 ? [...going, ...apart].join(' ') : 'NODE…'
  return [
    ...names.map((host) => ({
      host,
      message: `it stays, and does not answer (etcd.service is ${hosts[host]?.member?.unit.active ?? 'unknown'})`,
    })),
    {
      message: `${facts.healthy.length} of ${counted(voters, 'voting member')} are healthy, ${quorum(voters)} must be: a change of the members would take a chance on the rest`,
      hint: [
        ...new Set(back),
        // Without a quorum nobody can be taken out either.
        ...(facts.healthy.length >= quorum(voters)
          ? [
              `have all leave that will not come back, in one command: quorate member remove ${leaving}${apart.length > 0 ? '; then have them join again: quorate member add NODE' : ''}`,
            ]
          : []),
      ].join('; '),
    },
  ]
}

interface LeavingMachines {
  readonly states: Readonly<Record<string, HostState>>
  readonly unreachable: readonly string[]
}

/** As a member's, whatever roles they have left. One that is out of reach is no obstacle; anything else is told. */
export async function lookAtLeaving(session: Session, nodes: readonly Node[]): Promise<LeavingMachines> {
  const { results, errors } = await onAll(nodes.map(asEtcdNode), async (node) => {
    const remote = await session.remote(node)
    const looks = looksFor(session.cluster, node)
    const { lines } = await runAgent(remote, { operations: [], looks, signal: session.signal })
    return parseHostState(node.name, true, lines)
  })
  session.signal.throwIfAborted()
  const strange = errors.filter(({ code }) => code !== 'unreachable')
  if (strange.length > 0) throw combineErrors(strange)
  return {
    states: Object.fromEntries(results.map(({ host, value }) => [host, value])),
    unreachable: errors.flatMap(({ host }) => host ?? []),
  }
}
