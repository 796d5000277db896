/** Leadership taken from a member that is about to be away, before it is. */
import { QuorateError } from '../../../errors.ts'
import { followerToLead, moveLeadership } from '../../../etcd/leadership.ts'
import type { MaintenanceStep } from '../steps/maintenance.ts'
import { timed } from '../../../engine/timed.ts'
import type { Session } from '../session.ts'
import { reachableClients, viewMembers } from '../facts/members.ts'

export interface HandOver {
  readonly step: Extract<MaintenanceStep, { kind: 'hand-over' }>
  /** Names of members that will be away as well: chosen only if there is no other. */
  readonly avoid: readonly string[]
  /** false: where it does not succeed a warning says so, and an election will do. */
  readonly must: boolean
  readonly signal: AbortSignal
}

/** @throws QuorateError as `moveLeadership` does, if it must succeed. */
export async function handOver(session: Session, { step, avoid, must, signal }: HandOver): Promise<void> {
  try {
    await timed(session.emit, step, async () => {
      const view = await viewMembers(session)
      const leads = view.members.some(
        (member) => member.reachable && member.name === step.from && member.leaderId === member.memberId,
      )
      if (!leads) return
      const target = followerToLead(view, avoid) ?? followerToLead(view, [step.from])
      if (target === undefined) {
        throw new QuorateError('blocked', `no other member is fit to lead`, {
          host: step.from,
          hint: 'see quorate status: one that answers and is not far behind is needed',
        })
      }
      await moveLeadership(await reachableClients(session), target, signal)
    })
  } catch (error) {
    if (must || !(error instanceof QuorateError) || error.code === 'cancelled') throw error
    session.emit({ type: 'warning', text: `${error.message}; going on, and an election will follow` })
  }
}
