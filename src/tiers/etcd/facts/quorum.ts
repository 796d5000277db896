/** Quorum arithmetic of etcd's Raft: pure, and tested exhaustively. Learners count nowhere. */

/** How many voting members must agree: floor(n/2) + 1. */
export function quorum(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** How many voting members may fail at once. */
export function tolerance(voters: number): number {
  return voters - quorum(voters)
}

/** Whether a healthy voting member may be restarted, i.e. be down for a while. */
export function mayRestart(voters: number, healthy: number): boolean {
  return healthy - 1 >= quorum(voters)
}

/** Whether a voting member may be removed. `isHealthy`: whether that member is healthy. */
export function mayRemove(voters: number, healthy: number, isHealthy: boolean): boolean {
  if (voters <= 1) return false
  return (isHealthy ? healthy - 1 : healthy) >= quorum(voters - 1)
}

/** Whether a voting member may be added. The new member counts as down until it has started. */
export function mayAdd(voters: number, healthy: number): boolean {
  return healthy >= quorum(voters + 1)
}
