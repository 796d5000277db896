/**
 * Defines a healthy voting member, and which of them leadership may move to: one rule for the planner and every
 * command.
 */
import type { ClusterView, ReachableMember } from './view.ts'

/** How many entries a target may be behind the leader: raft sends them first, and accepts no writes during this time. */
export const MAX_LAG = 1_000

/**
 * A voting member that answered a linearizable read, and so has a leader and a quorum. Only such members count for how
 * many others may be stopped. A learner never does.
 */
export function isHealthyVoter({ learner, read }: Pick<ReachableMember, 'learner' | 'read'>): boolean {
  return read.answered && !learner
}

/** @returns the members that answered and count. */
export function healthyVoters({ members }: ClusterView): readonly ReachableMember[] {
  return members.filter((member) => member.reachable).filter(isHealthyVoter)
}

/** Types of the alarms of each member that answered, by its name. */
export function alarmsByName({ members }: ClusterView): Readonly<Record<string, readonly string[]>> {
  const reachable = members.filter((member) => member.reachable)
  // Every member lists the alarms of all.
  const raised = reachable.flatMap((member) => member.alarms ?? [])
  return Object.fromEntries(
    reachable.map(({ name, memberId }) => [
      name,
      [...new Set(raised.filter((alarm) => alarm.memberId === memberId).map(({ type }) => type))],
    ]),
  )
}

/** A healthy voting member that doesn't lead. */
export interface Follower {
  readonly name: string
  /** Entries that it still has to apply; undefined: unknown. */
  readonly lag: number | undefined
  /** Types of its alarms. */
  readonly alarms: readonly string[]
  /** It is about to restart itself: chosen only if no other is suitable. */
  readonly leaving?: boolean | undefined
}

/**
 * The best member to move leadership to. One with the alarm CORRUPT, with an unknown lag, or more than `MAX_LAG`
 * entries behind isn't suitable. An election is better than a leader that serves wrong data or makes all writes wait.
 * Of suitable ones, it prefers one that stays, then one without an alarm, then the one least behind, then the first.
 *
 * @returns its name; undefined: none is suitable.
 */
export function healthiestFollower(followers: readonly Follower[]): string | undefined {
  return followers
    .map((follower) => ({ ...follower, lag: follower.lag ?? Number.POSITIVE_INFINITY }))
    .filter(({ alarms, lag }) => !alarms.includes('CORRUPT') && lag <= MAX_LAG)
    .toSorted(
      (a, b) =>
        Number(a.leaving ?? false) - Number(b.leaving ?? false) ||
        Math.sign(a.alarms.length) - Math.sign(b.alarms.length) ||
        a.lag - b.lag,
    )[0]?.name
}
