import { expect, test } from 'vitest'
import type { ClusterView, ReachableMember } from '../../etcd/view.ts'
import { testCluster } from '../../tiers/etcd/plan/testing.ts'
import { chooseLeader } from './choose-leader.ts'

const UNANSWERED = {
  answered: false,
  reason: { kind: 'unavailable', message: 'no leader', hint: undefined },
} as const

function member(number: number, other: Partial<ReachableMember> = {}): ReachableMember {
  return {
    reachable: true,
    name: `etcd0${number}`,
    clusterId: 1n,
    memberId: BigInt(number),
    leaderId: 1n,
    learner: false,
    version: '3.6.16',
    dbSizeBytes: 4096,
    dbSizeInUseBytes: 4096,
    raftTerm: 2n,
    raftIndex: 100n,
    raftAppliedIndex: 100n,
    errors: [],
    read: { answered: true, revision: 7n },
    alarms: [],
    list: undefined,
    ...other,
  }
}

test('a member that is cut off from its peers is refused by name, and passed over without one', () => {
  const cutOff = member(2, { leaderId: undefined, read: UNANSWERED })
  const view: ClusterView = { members: [member(1), cutOff, member(3)] }
  expect(() => chooseLeader(testCluster(), view, 'etcd02')).toFail('blocked/member-has-no-quorum', {
    host: 'etcd02',
  })
  expect(chooseLeader(testCluster(), view, 'etcd03')).toEqual({ from: 'etcd01', to: 'etcd03' })
  expect(chooseLeader(testCluster(), view)).toEqual({ from: 'etcd01', to: 'etcd03' })
})
