/** `quorate move-leader`: leadership to a member by name, or to the healthiest follower. */
import { reachableMachines } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import { followerToLead, moveLeadership } from '../../etcd/leadership.ts'
import type { ClusterView } from '../../etcd/view.ts'
import { saidBy } from '../../tiers/etcd/facts/judge-facts.ts'
import { standingOf } from '../../tiers/etcd/facts/standing.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { chosenNodes } from '../../tiers/etcd/facts/members.ts'
import { viewMembers } from '../../tiers/etcd/facts/view-members.ts'
import { reachableClients } from '../../tiers/etcd/facts/view-members.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { MaintenanceOptions } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'

export interface MoveLeaderOptions extends MaintenanceOptions {
  /** Name of an etcd node; the healthiest follower unless given. */
  readonly to?: string | undefined
}

export interface MoveLeaderReport {
  /** False: it led already. */
  readonly changed: boolean
  readonly from: string
  readonly to: string
  readonly availability: Availability | undefined
}

/** @throws QuorateError as `moveLeadership` does; `blocked` where nobody is fit to lead; `moved`; `locked`. */
export async function moveLeader(session: Session, options: MoveLeaderOptions): Promise<MoveLeaderReport> {
  if (options.to !== undefined) chosenNodes(session, [options.to])
  const { result, availability } = await runVerb<Session, Move, Omit<MoveLeaderReport, 'availability'>>(
    session,
    {
      name: 'move-leader',
      // It stays with the follower that was shown, which may have come to lead by itself meanwhile.
      decide: async (own, shown) => {
        const move = choose(own, await viewMembers(own), options.to ?? shown?.to)
        const leads = shown === undefined && move.from === move.to
        return leads ? idle({ changed: false, ...move }) : move
      },
      confirm: async (move) =>
        await options.confirm({
          steps: [stepOf(move, options)],
          risks: ['Writes wait for a moment while the members agree on it.'],
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

interface Move {
  readonly from: string
  readonly to: string
}

function stepOf({ from, to }: Move, asked: Pick<MoveLeaderOptions, 'to'>): MaintenanceStep {
  return {
    kind: 'move-leader',
    from,
    to,
    what: `move leadership from ${from} to ${to}`,
    why: asked.to === undefined ? 'it is the healthiest follower' : 'asked for by name',
    danger: 'none',
  }
}

function choose({ cluster }: Session, view: ClusterView, wanted: string | undefined): Move {
  const { leader, members } = standingOf(cluster, { hosts: {}, ...saidBy(cluster, view) })
  if (leader === undefined) {
    throw new QuorateError('blocked', 'no member that answers leads, and only a leader can hand over', {
      hint: 'see quorate status: without a majority nobody is elected',
    })
  }
  const to = wanted ?? followerToLead(view)
  if (to !== undefined) return { from: leader, to }
  const others = members.filter(({ name }) => name !== leader)
  const why = others.map(({ name, trouble }) => `${name}: ${trouble ?? 'a learner, corrupt, or far behind'}`)
  throw new QuorateError('blocked', ['no follower is fit to lead', ...why].join('\n'), {
    hint: 'bring one back first: quorate status',
  })
}
