/** Quorum arithmetic of etcd's Raft: pure, and tested exhaustively. Learners count nowhere. */

/** How many voters must agree: floor(n/2) + 1. */
export function quorum(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** How many voters may fail at once. */
export function tolerance(voters: number): number {
  return voters - quorum(voters)
}

/** May a healthy voter be restarted, i.e. be away for a while? */
export function mayRestart(voters: number, healthy: number): boolean {
  return healthy - 1 >= quorum(voters)
}

/** May a voter be removed? `isHealthy`: the one that would go. */
export function mayRemove(voters: number, healthy: number, isHealthy: boolean): boolean {
  if (voters <= 1) return false
  return (isHealthy ? healthy - 1 : healthy) >= quorum(voters - 1)
}

/** May a voter be added? The newcomer counts as down until it has started. */
export function mayAdd(voters: number, healthy: number): boolean {
  return healthy >= quorum(voters + 1)
}
