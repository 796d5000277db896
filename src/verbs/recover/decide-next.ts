/**
 * Recovering from a survivor: which step is safe next. A pure function of how far it is and of what was seen.
 *
 * The survivor alone becomes a new cluster; the others join it as apply has newcomers join; then it is proven, and only then
 * everyone is let go.
 */
import type { BlockReason, Next } from '../../engine/step.ts'
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
  rebuildSteps,
  releaseSteps,
} from '../../tiers/etcd/steps/recovery.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'

export interface Recovering extends RecoveryState {
  /** undefined: nobody can join yet, or nobody has looked since that is so. */
  readonly joining: Joining | undefined
}

/** The new cluster as it was seen, and what it is to become: all members that are left. */
export interface Joining {
  readonly intent: ApplyIntent
  readonly observed: Observed
}

export function nextRecovery(facts: Recovering): Next<RecoveryStep | Step> {
  const rebuild = rebuildSteps(facts)
  if (rebuild.length > 0) return { kind: 'steps', steps: rebuild }
  const { joining } = facts
  if (joining === undefined) throw new TypeError('the new cluster was not looked at')
  const { intent, observed } = joining
  const answer = next(intent, observed)
  if (answer.kind === 'blocked') return { ...answer, reasons: withWayOut(answer.reasons) }
  if (answer.kind !== 'done') return answer
  if (observed.cluster?.verified !== true) {
    const what = 'verify the cluster: a write read back from every member, equal contents'
    return { kind: 'steps', steps: [{ kind: 'verify', what, why: 'it was just recovered', danger: 'none' }] }
  }
  const release = releaseSteps(facts)
  return release.length === 0 ? { kind: 'done' } : { kind: 'steps', steps: release }
}

/** What could mend it is another verb's, which the marks of the recovery keep away. */
export function withWayOut(reasons: readonly BlockReason[]): readonly BlockReason[] {
  const last = `if another quorate command is needed first, end the recovery here: ${abandonCommand()}; the new cluster stays, and apply does the rest`
  return reasons.map(({ hint, ...reason }) => ({
    ...reason,
    hint: hint === undefined ? last : `${hint}\n${last}`,
  }))
}

/** What is so after a step, if nothing departs from it. */
export function predictRecovering<F extends Recovering>(facts: F, step: RecoveryStep | Step): F {
  if (isRecoveryStep(step)) return predictRecovery(facts, step)
  const { joining } = facts
  if (joining === undefined) throw new TypeError(`${step.kind} before there is a cluster to join`)
  const observed = predict(joining.intent.cluster, joining.observed, step)
  return { ...facts, joining: { ...joining, observed } }
}
