/** Leadership transfers with deliberate faults. */
import type { ClusterView } from '../../../src/etcd/view.ts'
import type { BrokenVerb } from './broken-power.ts'
import { LEADER } from './leader.ts'

/** As if no member were behind. */
function caughtUp({ members }: ClusterView): ClusterView {
  return {
    members: members.map((member) =>
      member.reachable ? { ...member, raftAppliedIndex: member.raftIndex } : member,
    ),
  }
}

/** As if every member had answered a linearizable read. */
function heard({ members }: ClusterView): ClusterView {
  return {
    members: members.map((member) =>
      member.reachable ? { ...member, read: { answered: true, revision: 1n } } : member,
    ),
  }
}

export const BROKEN_LEADER: readonly BrokenVerb[] = [
  {
    what: 'hands leadership to one that is cut off',
    breaks: 'fit-to-lead',
    needs: ['move-leader'],
    wrong: {
      leader: { ...LEADER, choose: (cluster, view, wanted) => LEADER.choose(cluster, heard(view), wanted) },
    },
  },
  {
    what: 'hands leadership to one that is far behind',
    breaks: 'fit-to-lead',
    needs: ['move-leader'],
    wrong: {
      leader: {
        choose: (cluster, view, wanted) => LEADER.choose(cluster, caughtUp(view), wanted),
        fit: (statuses, leader, to) =>
          LEADER.fit(
            statuses.map((status) => ({ ...status, index: leader.index })),
            leader,
            to,
          ),
      },
    },
  },
  {
    what: 'hands leadership to whoever comes next',
    breaks: 'done-is-done',
    needs: ['move-leader'],
    wrong: {
      leader: {
        ...LEADER,
        fit: (statuses, leader, to) =>
          statuses.find(
            ({ client, learner }) => !learner && ![to, leader.client.name].includes(client.name),
          ) ?? LEADER.fit(statuses, leader, to),
      },
    },
  },
]
