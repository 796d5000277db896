/** Moves leadership from one member to another deliberately, so that clients don't have to wait for an election. */
import type { StepCommon } from '../../../engine/step.ts'
import { type ClusterKinds, ofCluster } from './kind.ts'

/** Done when all members agree on the leader. */
export interface MoveLeaderStep extends StepCommon {
  readonly kind: 'move-leader'
  readonly danger: 'none'
  /** Name of the leader; if it no longer leads when its turn comes, nothing is done. */
  readonly from: string
  /** Name of the next leader; undefined: the healthiest follower when its turn comes. */
  readonly to: string | undefined
}

export const LEADERSHIP: ClusterKinds<MoveLeaderStep> = {
  'move-leader': {
    action: 'change',
    distinguishes: ({ from, to }) => [from, ...(to === undefined ? [] : [to])],
    ofCluster: true,
    predict: ofCluster((facts, { from, to }) => {
      const leader = to ?? facts.healthy.find((name) => name !== from)
      return { ...facts, leader, leading: leader }
    }),
    perform: async (session, observed, step) => {
      const { moveLeader } = await import('../perform/move-leader.ts')
      await moveLeader(session, observed, step)
    },
    simulate: (cluster, { from, to }) => cluster.moveLeadership(from, to),
  },
}
