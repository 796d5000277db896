/** Inspects what a change of the members would do: the plan, its quorum arithmetic, the nodes that leave. */
import { QuorateError, combineErrors } from '../../errors.ts'
import type { HostState } from '../../host/state.ts'
import { runAgent } from '../../host/agent.ts'
import { looksFor, parseHostState } from '../../host/observe.ts'
import type { ApplyIntent } from './plan/intent.ts'
import { type Arithmetic, arithmetic } from './plan/member-arithmetic.ts'
import { newcomersIn } from './facts/joining.ts'
import type { ClusterFacts, Observed } from './facts/observed.ts'
import { dataElsewhere } from './plan/foreign.ts'
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
import { counted, plural } from '../../spec/units.ts'

export interface MemberPreview {
  readonly verb: string
  /** What is written into the cluster file; empty: no edit is needed. */
  readonly fileEdits: readonly string[]
  readonly arithmetic: Arithmetic
  /** The planner's steps, in order. */
  readonly steps: readonly Step[]
  /** The later steps on nodes that leave. */
  readonly clearing: readonly ResetStep[]
  /** Unreachable nodes that leave. */
  readonly unreachable: readonly string[]
  /** Sentences to show before the confirmation. */
  readonly risks: readonly string[]
}

export interface MemberLook {
  readonly preview: MemberPreview
  readonly intent: ApplyIntent
  readonly observed: Observed
  readonly plan: Plan
  readonly reset: ResetIntent
  /** By name: nodes that leave and could be observed. */
  readonly leaving: Readonly<Record<string, HostState>>
  readonly newcomers: ReadonlySet<string>
  /** Reported instead of any change: the member to replace is healthy. */
  readonly refrained: readonly string[]
}

/**
 * `session` is one on `change.wanted`.
 *
 * @param unreachable nodes that leave and were unreachable a moment ago: they are not waited for again
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
  /** Notes. */
  readonly remarks: readonly string[]
}

/** Pure. @param apply what an apply of the wanted file asks for @throws QuorateError `blocked` with every reason */
export function decideChange(
  change: Pick<MemberChange, 'wanted' | 'recreated'>,
  observed: Observed,
  apply: ApplyIntent,
): ChangeDecision {
  const facts = requireCluster(change.wanted.name, observed, apply)
  const { replace, refrained, remarks } = toRecreate(change, observed, facts)
  const intent: ApplyIntent = { ...apply, replace }
  const blocked = notWell(intent, observed, facts)
  if (blocked.length > 0) throw blockedError(blocked)
  const foreseen = plan(intent, observed)
  if (foreseen.blocked.length > 0) throw blockedError(foreseen.blocked)
  return { intent, plan: foreseen, facts, refrained, remarks }
}

/** @throws QuorateError `blocked`: there is no cluster yet, or no member to ask. */
function requireCluster(name: string, observed: Observed, intent: ApplyIntent): ClusterFacts {
  const situation = judgeSituation(intent, observed)
  const { cluster: facts } = observed
  if (situation.kind === 'new' || situation.kind === 'forming') {
    throw new QuorateError(
      'blocked',
      `'${name}' has no cluster yet: its members were never healthy together`,
      {
        hint: 'create the cluster first: quorate apply',
      },
    )
  }
  if (facts === undefined || facts.members.length === 0) {
    if (situation.kind === 'blocked') throw blockedError(situation.reasons)
    throw new QuorateError('blocked', 'none of the remaining members answers: the member list is unknown', {
      hint: 'run quorate status; to start members that are only stopped: quorate apply',
    })
  }
  return facts
}

function toRecreate(
  change: Pick<MemberChange, 'wanted' | 'recreated'>,
  { hosts }: Observed,
  facts: ClusterFacts,
) {
  const { members } = rosterOf(change.wanted, facts.members, 0)
  const replace: Record<string, string> = {}
  const refrained: string[] = []
  const remarks: string[] = []
  for (const { node, memberId, damaged = false } of change.recreated) {
    const member = members.get(node.name)
    const state = hosts[node.name]?.member
    const lost =
      state !== undefined &&
      !(state.dataPresent && state.walPresent) &&
      dataElsewhere(change.wanted, state) === undefined
    // Already removed, or being added again: complete what was started. With lost or damaged data, a learner can't get a
    // vote.
    if (member === undefined || isNeverStarted(member) || (member.learner && !lost && !damaged)) continue
    if (memberId !== undefined && memberId !== member.id) {
      remarks.push(notThisMember(node.name, memberId, member.id, facts))
      continue
    }
    const well = facts.healthy.includes(node.name) && state?.dataPresent === true && state.walPresent
    if (well && memberId === undefined)
      refrained.push(
        `${node.name} is a healthy member with its data; to replace it anyway: quorate member replace ${node.name} --recreate ${member.id}`,
      )
    else replace[node.name] = member.id
  }
  return { replace, refrained, remarks }
}

/** Remaining members must be healthy: otherwise the change would stop half-way to wait for them. */
function notWell({ cluster, replace }: ApplyIntent, { hosts }: Observed, facts: ClusterFacts): BlockReason[] {
  const { members, voters } = rosterOf(cluster, facts.members, 0)
  // Without a leader only one thing may help: starting a new member that was added and has not started.
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
  // etcd adds no member while a voting member is down: of two lost members, neither can be replaced first.
  const apart = going.length > 0 && facts.healthy.length >= quorum(voters) ? names.filter(isLost) : []
  const back = names
    .filter((name) => !apart.includes(name))
    .map((member) => remedyFor({ kind: 'silent', member }, standing, voters).text)
  const leaving = apart.length > 0 ? [...going, ...apart].join(' ') : 'NODE…'
  return [
    ...names.map((host): BlockReason => ({
      id: 'remaining-member-does-not-answer',
      host,
      message: `remaining member does not answer (etcd.service is ${hosts[host]?.member?.unit.active ?? 'unknown'})`,
    })),
    {
      message: `can't change the members: ${facts.healthy.length} of ${counted(voters, 'voting member')} ${plural(facts.healthy.length, 'is', 'are')} healthy, ${quorum(voters)} must be`,
      hint: [
        ...new Set(back),
        // Without a quorum no member can be removed either.
        ...(facts.healthy.length >= quorum(voters)
          ? [
              `remove all members that are permanently down, in one command: quorate member remove ${leaving}${apart.length > 0 ? '; then add them again: quorate member add NODE' : ''}`,
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

/**
 * Observes them as a member, whatever roles they still have. An unreachable node isn't an obstacle; any other failure
 * is thrown.
 */
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
