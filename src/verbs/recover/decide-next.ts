/**
 * Recovering from a surviving member: which step is safe next. A pure function of the progress and of what was observed.
 *
 * The surviving member alone becomes a new cluster. The others join it the way apply adds new members. Then the cluster is
 * verified, and only after that the markers are removed.
 */
import type { BlockReason, Next } from '../../engine/step.ts'
import { QuorateError } from '../../errors.ts'
import { abandonCommand } from '../../engine/underway.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import { next } from '../../tiers/etcd/plan/next.ts'
import { predict } from '../../tiers/etcd/steps/predict.ts'
import {
  type RecoveryState,
  type RecoveryStep,
  isRecoveryStep,
  predictRecovery,
} from '../../tiers/etcd/steps/recovery.ts'
import { rebuildSteps, releaseSteps } from '../../tiers/etcd/plan/recover.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'

export interface Recovering extends RecoveryState {
  /** undefined: no member can join yet, or the cluster was not observed since. */
  readonly joining: Joining | undefined
}

/** The new cluster as observed, and the target: all remaining members. */
export interface Joining {
  readonly intent: ApplyIntent
  readonly observed: Observed
}

export function nextRecovery(facts: Recovering): Next<RecoveryStep | Step> {
  const rebuild = rebuildSteps(facts)
  if (rebuild.length > 0) return { kind: 'steps', steps: rebuild }
  const { joining } = facts
  if (joining === undefined) throw new TypeError('the new cluster was not observed')
  const { intent, observed } = joining
  const answer = next(intent, observed)
  if (answer.kind === 'blocked') return { ...answer, reasons: withWayOut(answer.reasons) }
  if (answer.kind !== 'done') return answer
  if (observed.cluster?.verified !== true) {
    const what = 'verify the cluster: read a write back from every member, compare all keyspaces'
    return { kind: 'steps', steps: [{ kind: 'verify', what, why: 'it was just recovered', danger: 'none' }] }
  }
  const release = releaseSteps(facts)
  return release.length === 0 ? { kind: 'done' } : { kind: 'steps', steps: release }
}

/** The fix may need another command, and the recovery's markers keep other commands out. */
export function withWayOut(reasons: readonly BlockReason[]): readonly BlockReason[] {
  const last = `if another quorate command is needed first, end the recovery: ${abandonCommand()} (the new cluster stays; quorate apply adds the other members)`
  return reasons.map(({ hint, ...reason }) => ({
    ...reason,
    hint: hint === undefined ? last : `${hint}\n${last}`,
  }))
}

/**
 * Adds to the fix of a failed step what helps if the new cluster has lost its quorum as well: a member that had joined
 * it is lost, and the others can't replace it.
 *
 * @param observed before the step
 * @param lost nodes of the cluster file that are permanently down
 * @returns any other error unchanged
 */
export function withAnother(thrown: unknown, { cluster }: Observed, lost: readonly string[]): unknown {
  if (!(thrown instanceof QuorateError) || cluster?.leader !== undefined || lost.length === 0) return thrown
  const names = lost.join(' ')
  const hint = `if ${names} had joined the new cluster, it has no quorum any more: end this recovery: ${abandonCommand(lost)}; then recover from what is left: quorate recover --lost ${names}`
  return thrown.with({ hint: thrown.hint === undefined ? hint : `${thrown.hint}\n${hint}` })
}

/** The expected state after a step. */
export function predictRecovering<F extends Recovering>(facts: F, step: RecoveryStep | Step): F {
  if (isRecoveryStep(step)) return predictRecovery(facts, step)
  const { joining } = facts
  if (joining === undefined) throw new TypeError(`${step.kind} before the new cluster can be joined`)
  const observed = predict(joining.intent.cluster, joining.observed, step)
  return { ...facts, joining: { ...joining, observed } }
}
