/** One member's turn of `restart` or `stop`: what to do next, and which members to wait for. */
import type { BlockReason } from '../../engine/step.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import type { MoveLeaderStep } from '../../tiers/etcd/steps/leadership.ts'
import { type PowerIntent, type TurnStep, planPower } from './decide.ts'

export interface Turn {
  /** Leadership transfers that come first. */
  readonly moves: readonly MoveLeaderStep[]
  readonly step: TurnStep
  /** Names of members that must answer before the next turn; undefined: there is no quorum to wait for. */
  readonly awaited: readonly string[] | undefined
}

export type NextTurn =
  | { readonly kind: 'turn'; readonly turn: Turn }
  /** All remaining members are in the desired state. */
  | { readonly kind: 'done' }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }

/** @param left names of members that have not had their turn */
export function nextTurn(intent: PowerIntent, left: readonly string[], standing: Standing): NextTurn {
  const { steps, blocked } = planPower({ ...intent, hosts: left }, standing)
  const reasons = [...blocked, ...downAgain(intent, left, standing)]
  if (reasons.length > 0) return { kind: 'blocked', reasons }
  const moves: MoveLeaderStep[] = []
  for (const step of steps) {
    if (step.kind !== 'move-leader') return { kind: 'turn', turn: turnOf(intent, moves, step, standing) }
    moves.push(step)
  }
  return { kind: 'done' }
}

/**
 * Members that were restarted, and no longer answer although others do: the restart may be the cause, so no other
 * member is restarted. The permission to lose the quorum does not include that.
 */
function downAgain(
  { verb, hosts }: PowerIntent,
  left: readonly string[],
  { members, healthyVoters }: Standing,
): readonly BlockReason[] {
  if (verb !== 'restart' || healthyVoters === 0) return []
  return members
    .filter(({ name, voter, healthy }) => hosts.includes(name) && !left.includes(name) && voter && !healthy)
    .map(({ name: host, trouble }) => ({
      host,
      message: `the member was restarted, and does not answer any more: ${trouble ?? 'it was not asked'}`,
      hint: `find out why: quorate status; then restart the others: quorate restart ${left.join(' ')}`,
    }))
}

function turnOf(
  { verb }: PowerIntent,
  moves: readonly MoveLeaderStep[],
  step: TurnStep,
  standing: Standing,
): Turn {
  const awaited = awaitedAfter(verb, step.host, standing)
  const alone = awaited === undefined && step.kind === 'restart'
  return { moves, step: alone ? { ...step, unawaited: true } : step, awaited }
}

function awaitedAfter(
  verb: PowerIntent['verb'],
  host: string,
  standing: Standing,
): readonly string[] | undefined {
  const well = wellOf(standing)
  if (verb === 'restart') return canAnswer(standing, [host]) ? [...well, host] : undefined
  return canAnswer(standing, [], host) ? well.filter((name) => name !== host) : undefined
}

export function wellOf({ members }: Standing): readonly string[] {
  return members.filter(({ healthy }) => healthy).map(({ name }) => name)
}

/**
 * Whether the running members are a quorum, with these and without that one. A member that reports its status runs,
 * even if it answers no read for lack of a quorum.
 */
export function canAnswer(standing: Standing, joining: readonly string[], leaving?: string): boolean {
  const able = standing.members.filter(
    ({ name, voter, version }) =>
      voter && name !== leaving && (version !== undefined || joining.includes(name)),
  )
  return able.length >= quorum(standing.voters)
}

/**
 * Whether they may be a quorum with members that report nothing, because they started without one: etcd answers
 * nothing until there is a quorum. Such a process looks the same as one that is about to fail, so this can be wrong.
 * While systemd waits for its next attempt to start a member that failed, there is no process.
 */
export function mayAnswer(standing: Standing, joining: readonly string[]): boolean {
  const waiting = standing.members.filter(
    ({ unit, version }) => version === undefined && unit?.active === 'activating' && unit.mainPid > 0,
  )
  return canAnswer(standing, [...joining, ...waiting.map(({ name }) => name)])
}
