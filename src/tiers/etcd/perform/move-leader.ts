/** Moves leadership deliberately: mostly away from a member that is about to be down for a moment. */
import { QuorateError } from '../../../errors.ts'
import { followerToLead } from '../../../etcd/follower-to-lead.ts'
import { moveLeadership } from '../../../etcd/leadership.ts'
import type { MoveLeaderStep } from '../steps/leadership.ts'
import { timed } from '../../../engine/timed.ts'
import type { Session } from '../session.ts'
import { listedClients } from '../facts/listed.ts'
import type { Observed } from '../facts/observed.ts'
import { viewMembers } from '../facts/view-members.ts'
import { reachableClients } from '../facts/view-members.ts'

/** In a stage, which knows who should lead; also for members that the cluster file no longer lists. */
export async function moveLeader(session: Session, observed: Observed, step: MoveLeaderStep): Promise<void> {
  const { signal } = session
  if (step.to === undefined) return await moveLeaderAway(session, { step, avoid: [], must: true, signal })
  await moveLeadership(await listedClients(session, observed), step.to, signal)
}

export interface MoveLeader {
  readonly step: MoveLeaderStep
  /** Names of members that will be down as well: chosen only if there is no other. */
  readonly avoid: readonly string[]
  /** false: a failure is only a warning, because an election also works. */
  readonly must: boolean
  readonly signal: AbortSignal
}

/** @throws QuorateError as `moveLeadership` does, if it must succeed. */
export async function moveLeaderAway(
  session: Session,
  { step, avoid, must, signal }: MoveLeader,
): Promise<void> {
  try {
    await timed(session.emit, step, async () => {
      const view = await viewMembers(session)
      const leads = view.members.some(
        (member) => member.reachable && member.name === step.from && member.leaderId === member.memberId,
      )
      if (!leads) return
      const target = step.to ?? followerToLead(view, avoid) ?? followerToLead(view, [step.from])
      if (target === undefined) {
        throw new QuorateError(
          'blocked',
          "can't move the leadership: no other member answers and is up to date",
          {
            host: step.from,
            hint: 'bring another member back first; see quorate status',
          },
        )
      }
      await moveLeadership(await reachableClients(session), target, signal)
    })
  } catch (error) {
    if (must || !(error instanceof QuorateError) || error.code === 'cancelled') throw error
    session.emit({
      type: 'warning',
      text: `${error.message}; continuing without it (the restart causes a leader election)`,
    })
  }
}
