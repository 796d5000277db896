/** What counts as a healthy voter, and which of them leadership may go to: one rule for the planner and for every verb. */
import type { ClusterView, ReachableMember } from './view.ts'

/** Entries a target may be behind the leader: raft sends them first, and no write is taken meanwhile. */
export const MAX_LAG = 1_000

/**
 * A voting member that answered a linearizable read, and so has a leader and a quorum behind it. Only such members count
 * where it is asked how many may be away. A learner never does.
 */
export function isHealthyVoter({ learner, read }: Pick<ReachableMember, 'learner' | 'read'>): boolean {
  return read.answered && !learner
}

/** @returns those that answered, and count. */
export function healthyVoters({ members }: ClusterView): readonly ReachableMember[] {
  return members.filter((member) => member.reachable).filter(isHealthyVoter)
}

/** Types of the alarms that are raised for each member that answered, by its name. */
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

/** A healthy voter that does not lead. */
export interface Follower {
  readonly name: string
  /** Entries that it has still to apply; undefined: unknown. */
  readonly lag: number | undefined
  /** Types of the alarms that are raised for it. */
  readonly alarms: readonly string[]
  /** It is about to restart itself: chosen only if no other is fit. */
  readonly leaving?: boolean | undefined
}

/**
 * The best member to hand leadership to. One with the alarm CORRUPT, with an unknown lag, or more than `MAX_LAG` entries
 * behind is not fit: an election is better than a leader that serves wrong data or makes all writes wait. Of those that
 * are fit: rather one that stays, then one without an alarm, then the one least behind, then the first.
 *
 * @returns its name; undefined: none is fit.
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
