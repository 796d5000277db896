/** Shared by all commands that change a running cluster: show, confirm, lock, observe again, change. */
import { reachableMachines } from '../../engine/locking.ts'
import { sameSteps } from '../../engine/approval.ts'
import { type Outcome, idle, runVerb } from '../../engine/run-verb.ts'
import type { Standing } from './facts/standing.ts'
import type { MaintenancePlan, MaintenanceStep } from './steps/maintenance.ts'
import { blockedError } from './run.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from './session.ts'
import { standingNow } from './facts/members.ts'
import type { ProbeChoice } from '../../engine/with-recorder.ts'

export interface MaintenancePreview {
  readonly steps: readonly MaintenanceStep[]
  /** Sentences to show before the confirmation. */
  readonly risks: readonly string[]
}

/** Gets the preview before any change; throws to stop. Not called if there is nothing to do. */
export type ConfirmMaintenance = (preview: MaintenancePreview) => Promise<void>

/** `T`: the result. */
export interface MaintenanceVerb<T> {
  /** Its name on the command line. */
  readonly name: string
  readonly plan: (standing: Standing) => MaintenancePlan
  readonly confirm: ConfirmMaintenance
  /** The result if there is nothing to do. */
  readonly nothing: T
  /** The availability probe to run. */
  readonly probe: ProbeChoice | undefined
}

/** Options of every command with an availability probe. */
export interface MaintenanceOptions {
  readonly confirm: ConfirmMaintenance
  /** Default: the usual probe rate. */
  readonly probe?: ProbeChoice | undefined
}

export interface UnderLock {
  readonly standing: Standing
  /** Its events are recorded: use this one from here on. */
  readonly session: Session
  readonly lock: Lock
  /** Aborts with the session's signal, and when the lock is lost. */
  readonly signal: AbortSignal
  readonly steps: readonly MaintenanceStep[]
}

interface Decided {
  readonly standing: Standing
  readonly plan: MaintenancePlan
}

/**
 * @throws QuorateError `blocked` with every reason; `locked`; `moved` if the plan is no longer what was shown.
 */
export async function underLock<T>(
  session: Session,
  verb: MaintenanceVerb<T>,
  work: (under: UnderLock) => Promise<T>,
): Promise<Outcome<T>> {
  return await runVerb<Session, Decided, T>(session, {
    name: verb.name,
    decide: async (own) => {
      const standing = await standingNow(own)
      const plan = planned(verb, standing)
      return plan.steps.length === 0 ? idle(verb.nothing) : { standing, plan }
    },
    confirm: async ({ plan }) => await verb.confirm(plan),
    scope: () => reachableMachines(session.cluster),
    same: (shown, now) => sameSteps(lasting(shown.plan), lasting(now.plan), session.steps),
    lookHint: 'quorate status',
    probe: ({ plan }) => (plan.outage === true ? false : verb.probe),
    carryOut: async ({ session: own, lock, decision }) =>
      await work({ ...decision, session: own, lock, signal: own.signal, steps: decision.plan.steps }),
  })
}

/** Which work on which member. The leader may change by itself in between. */
function lasting({ steps }: MaintenancePlan): readonly MaintenanceStep[] {
  return steps.filter(({ kind }) => kind !== 'move-leader')
}

/** @throws QuorateError `blocked` */
export function planned<P extends MaintenancePlan>(
  { plan }: { readonly plan: (standing: Standing) => P },
  standing: Standing,
): P {
  const answer = plan(standing)
  if (answer.blocked.length > 0) throw blockedError(answer.blocked)
  return answer
}
