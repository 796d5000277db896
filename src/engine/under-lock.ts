/** What every verb that changes a running cluster has in common: show, ask, take the lock, look again, do. */
import { reachableMachines, takeLock } from './locking.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { ClusterCondition } from '../tiers/etcd/facts/condition.ts'
import type { MaintenancePlan, MaintenanceStep } from '../tiers/etcd/steps/maintenance.ts'
import { blockedError } from '../tiers/etcd/run.ts'
import type { Lock } from './lock.ts'
import type { Session } from '../tiers/etcd/session.ts'
import { type Members, lookAtMembers } from '../tiers/etcd/facts/members.ts'
import type { ProbeChoice, Recorded } from './with-recorder.ts'

const SETTLE_MS = 1_000

export interface MaintenancePreview {
  readonly steps: readonly MaintenanceStep[]
  /** Sentences that whoever says yes should have read. */
  readonly risks: readonly string[]
}

/** Is shown what will be done before anything is, and throws to stop. Not called where there is nothing to do. */
export type ConfirmMaintenance = (preview: MaintenancePreview) => Promise<void>

export interface MaintenanceVerb {
  /** Its word on the command line. */
  readonly name: string
  readonly plan: (condition: ClusterCondition) => MaintenancePlan
  readonly confirm: ConfirmMaintenance
  /** What is measured beside it: as a client of the cluster notices it. */
  readonly probe: ProbeChoice | undefined
}

/** Options that every verb with a recorder beside it has. */
export interface MaintenanceOptions {
  readonly confirm: ConfirmMaintenance
  /** Recorded at the usual rate unless given. */
  readonly probe?: ProbeChoice | undefined
}

export interface UnderLock extends Members {
  /** Whose events are kept: to be used from here on. */
  readonly session: Session
  readonly lock: Lock
  /** Aborts with the session's signal, and when the lock is lost. */
  readonly signal: AbortSignal
  readonly steps: readonly MaintenanceStep[]
}

/**
 * @returns undefined: there was nothing to do, nobody was asked, and nobody was kept out.
 * @throws QuorateError `blocked` with every reason; `locked`; `moved` if what is to be done is not what was shown.
 */
export async function underLock<T>(
  session: Session,
  verb: MaintenanceVerb,
  work: (under: UnderLock) => Promise<T>,
): Promise<Recorded<T> | undefined> {
  const shown = planned(verb, (await lookAtMembers(session)).condition)
  if (shown.steps.length === 0) return undefined
  await verb.confirm(shown)
  await using lock = await takeLock(session, {
    purpose: verb.name,
    scope: reachableMachines(session.cluster),
  })
  const members = await lookAtMembers(session)
  const { steps, outage } = planned(verb, members.condition)
  if (essence(steps) !== essence(shown.steps)) {
    throw new QuorateError('moved', 'the cluster is not as it was shown; nothing was changed', {
      hint: `see what it is now: quorate status; then again: quorate ${verb.name}`,
    })
  }
  const signal = AbortSignal.any([session.signal, lock.lost])
  const probe = outage === true ? false : verb.probe
  const { withRecorder } = await import('./with-recorder.ts')
  return await withRecorder(session, { verb: verb.name, probe }, async (recorded) => {
    const result = await work({ ...members, session: recorded, lock, signal, steps })
    if (probe !== false) await settle(signal)
    return result
  })
}

/** The recording goes on for a moment: clients may notice what was done only when it is done. */
export async function settle(signal: AbortSignal): Promise<void> {
  await sleep(SETTLE_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
}

/** @throws QuorateError `blocked` */
export function planned<P extends MaintenancePlan>(
  { plan }: { readonly plan: (condition: ClusterCondition) => P },
  condition: ClusterCondition,
): P {
  const answer = plan(condition)
  if (answer.blocked.length > 0) throw blockedError(answer.blocked)
  return answer
}

/** What is done to whom. Leadership may pass to another by itself meanwhile, and revisions grow. */
function essence(steps: readonly MaintenanceStep[]): string {
  const done = steps.filter(({ kind }) => kind !== 'hand-over')
  return done
    .map(({ kind, host }) => `${kind} ${host ?? ''}`)
    .toSorted()
    .join('\n')
}
