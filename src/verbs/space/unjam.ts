/** `quorate unjam`: a cluster that is out of space, from full to writable. */
import { compact } from '../../etcd/upkeep.ts'
import { verifyWrite } from '../../etcd/verify.ts'
import type { ClusterCondition } from '../../tiers/etcd/facts/condition.ts'
import type { MaintenancePlan, MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { NO_PROGRESS, type UnjamProgress, planUnjam } from './decide-unjam.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { disarmOne } from './alarms.ts'
import { type Defragmented, defragmentMember } from './defrag.ts'
import { healthyClients, lookAtMembers } from '../../tiers/etcd/facts/members.ts'
import { quota } from './quota.ts'
import { type MaintenanceOptions, type UnderLock, planned, underLock } from '../../engine/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'

export interface UnjamReport {
  readonly done: readonly MaintenanceStep[]
  readonly defragmented: readonly Defragmented[]
  /** undefined as long as no client can write to it. */
  readonly availability: Availability | undefined
}

/**
 * Compacts to the newest revision, defragments one member at a time, disarms, and writes. Looks and plans again after
 * each step: interrupted anywhere, the next run does what is left.
 *
 * @throws QuorateError `blocked` where the present data alone is more than the quota, with what to do; without a
 *   majority; while contents are in doubt.
 */
export async function unjam(session: Session, { confirm, probe }: MaintenanceOptions): Promise<UnjamReport> {
  const verb = { name: 'unjam', plan: fromTheBeginning, confirm, probe }
  const recorded = await underLock(session, verb, carryOut)
  const { done, defragmented } = recorded?.result ?? { done: [], defragmented: [] }
  return { done, defragmented, availability: recorded?.availability }
}

function fromTheBeginning(condition: ClusterCondition): MaintenancePlan {
  return planUnjam(condition, NO_PROGRESS)
}

async function carryOut(under: UnderLock): Promise<Omit<UnjamReport, 'availability'>> {
  const { session, signal } = under
  const done: MaintenanceStep[] = []
  const defragmented: Defragmented[] = []
  let { condition } = under
  let progress: UnjamProgress = NO_PROGRESS
  for (;;) {
    signal.throwIfAborted()
    const now = progress
    const { steps } = planned({ plan: (seen) => planUnjam(seen, now) }, condition)
    // Up to what is done next; leadership moves with the member that has it.
    const at = steps.findIndex(({ kind }) => kind !== 'hand-over')
    const turn = steps.slice(0, at + 1)
    const step = steps[at]
    if (step === undefined) return { done, defragmented }
    session.emit({ type: 'wave', steps: turn })
    if (step.kind === 'compact') {
      await timed(session.emit, step, async () => {
        const clients = await healthyClients(session, condition)
        await compact(clients, step.revision, { physical: true, signal })
      })
      progress = { ...progress, compacted: true }
    } else if (step.kind === 'defragment') {
      defragmented.push(await defragmentMember(under, turn, condition))
      progress = { ...progress, defragmented: [...progress.defragmented, step.host] }
    } else if (step.kind === 'disarm') {
      await disarmOne({ session, condition, signal }, step)
    } else {
      await timed(session.emit, step, async () => {
        const clients = await healthyClients(session, condition)
        const [first] = clients
        if (first === undefined) throw new TypeError('no member to write to')
        await verifyWrite(first, clients, signal)
      })
      const { advice } = await quota(session)
      for (const text of advice) session.emit({ type: 'warning', text })
      return { done: [...done, ...turn], defragmented }
    }
    done.push(...turn)
    ;({ condition } = await lookAtMembers(session))
  }
}
