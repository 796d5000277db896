/** What every verb that changes a running cluster has in common: show, ask, take the lock, look again, do. */
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
  /** Sentences that whoever says yes should have read. */
  readonly risks: readonly string[]
}

/** Is shown what will be done before anything is, and throws to stop. Not called where there is nothing to do. */
export type ConfirmMaintenance = (preview: MaintenancePreview) => Promise<void>

/** `T`: what comes of it. */
export interface MaintenanceVerb<T> {
  /** Its word on the command line. */
  readonly name: string
  readonly plan: (standing: Standing) => MaintenancePlan
  readonly confirm: ConfirmMaintenance
  /** What comes of it where there is nothing to do. */
  readonly nothing: T
  /** What is measured beside it: as a client of the cluster notices it. */
  readonly probe: ProbeChoice | undefined
}

/** Options that every verb with a recorder beside it has. */
export interface MaintenanceOptions {
  readonly confirm: ConfirmMaintenance
  /** Recorded at the usual rate unless given. */
  readonly probe?: ProbeChoice | undefined
}

export interface UnderLock {
  readonly standing: Standing
  /** Whose events are kept: to be used from here on. */
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
 * @throws QuorateError `blocked` with every reason; `locked`; `moved` if what is to be done is not what was shown.
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

/** What is done to whom. Leadership may pass to another by itself meanwhile. */
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
