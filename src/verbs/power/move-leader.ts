/** `quorate move-leader`: transfers leadership to a named member, or to the healthiest follower. */
import { reachableMachines } from '../../engine/locking.ts'
import { moveLeadership } from '../../etcd/leadership.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { chosenNodes } from '../../tiers/etcd/facts/members.ts'
import { viewMembers } from '../../tiers/etcd/facts/view-members.ts'
import { reachableClients } from '../../tiers/etcd/facts/view-members.ts'
import { type Move, chooseLeader } from './choose-leader.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { MaintenanceOptions } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'

export interface MoveLeaderOptions extends MaintenanceOptions {
  /** Name of an etcd node; default: the healthiest follower. */
  readonly to?: string | undefined
}

export interface MoveLeaderReport {
  /** False: it was the leader already. */
  readonly changed: boolean
  readonly from: string
  readonly to: string
  readonly availability: Availability | undefined
}

/** @throws QuorateError as `moveLeadership` does; `blocked` if no member is suitable; `moved`; `locked`. */
export async function moveLeader(session: Session, options: MoveLeaderOptions): Promise<MoveLeaderReport> {
  if (options.to !== undefined) chosenNodes(session, [options.to])
  const { result, availability } = await runVerb<Session, Move, Omit<MoveLeaderReport, 'availability'>>(
    session,
    {
      name: 'move-leader',
      // Keeps the follower that was shown, which may have become the leader by itself since.
      decide: async (own, shown) => {
        const move = chooseLeader(own.cluster, await viewMembers(own), options.to ?? shown?.to)
        const leads = shown === undefined && move.from === move.to
        return leads ? idle({ changed: false, ...move }) : move
      },
      confirm: async (move) =>
        await options.confirm({
          steps: [stepOf(move, options)],
          risks: ['Writes wait for a moment while the members agree on the new leader.'],
        }),
      scope: () => reachableMachines(session.cluster),
      same: (shown, now) => shown.to === now.to,
      lookHint: 'quorate status',
      probe: () => options.probe,
      carryOut: async ({ session: own, decision }) => {
        const clients = await reachableClients(own)
        const move = async () => await moveLeadership(clients, decision.to, own.signal)
        const { moved, from, to } = await timed(own.emit, stepOf(decision, options), move)
        return { changed: moved, from, to }
      },
    },
  )
  return { ...result, availability }
}

function stepOf({ from, to }: Move, asked: Pick<MoveLeaderOptions, 'to'>): MaintenanceStep {
  return {
    kind: 'move-leader',
    from,
    to,
    what: `move leadership from ${from} to ${to}`,
    why: asked.to === undefined ? 'it is the healthiest follower' : 'requested',
    danger: 'none',
  }
}
