/** `quorate move-leader`: leadership to a member by name, or to the healthiest follower. */
import { reachableMachines, takeLock } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import { followerToLead, moveLeadership } from '../../etcd/leadership.ts'
import type { ClusterView } from '../../etcd/view.ts'
import { conditionOf } from '../../tiers/etcd/facts/condition.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { chosenNodes, reachableClients, viewMembers } from '../../tiers/etcd/facts/members.ts'
import { settle } from '../../engine/run-verb.ts'
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

/** @throws QuorateError as `moveLeadership` does; `blocked` where nobody is fit to lead; `locked`. */
export async function moveLeader(session: Session, options: MoveLeaderOptions): Promise<MoveLeaderReport> {
  if (options.to !== undefined) chosenNodes(session, [options.to])
  const shown = choose(session, await viewMembers(session), options.to)
  if (shown.from === shown.to) return { changed: false, ...shown, availability: undefined }
  const step: MaintenanceStep = {
    kind: 'move-leader',
    ...shown,
    what: `move leadership from ${shown.from} to ${shown.to}`,
    why: options.to === undefined ? 'it is the healthiest follower' : 'asked for by name',
    danger: 'none',
  }
  await options.confirm({ steps: [step], risks: ['Writes wait for a moment while the members agree on it.'] })
  await using lock = await takeLock(session, {
    purpose: 'move-leader',
    scope: reachableMachines(session.cluster),
  })
  const signal = AbortSignal.any([session.signal, lock.lost])
  const { withRecorder } = await import('../../engine/with-recorder.ts')
  const { result, availability } = await withRecorder(
    session,
    { verb: 'move-leader', probe: options.probe },
    async ({ emit }) => {
      const clients = await reachableClients(session)
      const moved = await timed(emit, step, async () => await moveLeadership(clients, shown.to, signal))
      if (options.probe !== false) await settle(signal)
      return moved
    },
  )
  return { changed: result.moved, from: result.from, to: result.to, availability }
}

function choose({ cluster }: Session, view: ClusterView, wanted: string | undefined) {
  const { leader, members } = conditionOf(cluster, view, {})
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
