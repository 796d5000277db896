/** How far members are behind in applying the Raft log. */
import type { ClusterView } from './view.ts'

/** How many entries of the Raft log a member may still have to apply and count as up to date. */
export const CAUGHT_UP = 100

/**
 * For every member that answered, by name: how many entries it still has to apply, compared with the newest entry of
 * any member. Before etcd 3.4, which doesn't report applied entries: based on received entries.
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
