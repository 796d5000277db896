/** Which member of an inspected cluster should lead next. Pure. */
import { raftLag } from './lag.ts'
import type { ClusterView } from './view.ts'
import { alarmsByName, healthiestFollower, healthyVoters } from './voters.ts'

/**
 * The member of a view to move leadership to, by the rule of `healthiestFollower`. undefined: none is suitable.
 *
 * @param excluded names of nodes that must not be chosen, e.g. because they are about to restart.
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
