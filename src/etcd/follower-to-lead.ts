/** Who of a cluster that was looked at is to lead next. Pure. */
import { raftLag } from './lag.ts'
import type { ClusterView } from './view.ts'
import { alarmsByName, healthiestFollower, healthyVoters } from './voters.ts'

/**
 * The member of a view to hand leadership to, by the rule of `healthiestFollower`. undefined: none is fit.
 *
 * @param excluded names of nodes that are not to be chosen, e.g. because they are about to restart.
 */
export function followerToLead(view: ClusterView, excluded: readonly string[] = []): string | undefined {
  const lags = raftLag(view)
  const alarms = alarmsByName(view)
  return healthiestFollower(
    healthyVoters(view)
      .filter(({ name }) => !excluded.includes(name))
      .filter(({ leaderId, memberId }) => leaderId !== undefined && leaderId !== memberId)
      .map(({ name }) => ({ name, lag: lags[name], alarms: alarms[name] ?? [] })),
  )
}
