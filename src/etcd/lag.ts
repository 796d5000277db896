/** How far members are behind in applying the Raft log. */
import type { ClusterView } from './view.ts'

/** Entries of the Raft log that a member may still have to apply, and yet count as up to date. */
export const CAUGHT_UP = 100

/**
 * By name, of every member that answered: how many entries it has still to apply, counted from the newest that any member
 * has. Before etcd 3.4, which does not say what was applied: from what it has received.
 */
export function raftLag({ members }: ClusterView): Readonly<Record<string, number>> {
  const reachable = members.filter((member) => member.reachable)
  const newest = reachable.reduce((most, { raftIndex }) => (raftIndex > most ? raftIndex : most), 0n)
  return Object.fromEntries(
    reachable.map(({ name, raftAppliedIndex, raftIndex }) => [
      name,
      Number(newest - (raftAppliedIndex ?? raftIndex)),
    ]),
  )
}
