import { expect, test } from 'vitest'
import { NO_MEMBER } from '../../../etcd/id.ts'
import { sampleCluster } from '../../../etcd/sample.ts'
import type { MemberView, ReachableMember } from '../../../etcd/view.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import { saidBy } from './judge-facts.ts'
import { standingOf } from './standing.ts'

const cluster = sampleCluster()
const nodes = etcdNodes(cluster)

function member(index: number, changes: Partial<ReachableMember> = {}): ReachableMember {
  return {
    reachable: true,
    name: nodes[index]!.name,
    clusterId: 7n,
    memberId: BigInt(index + 10),
    leaderId: 10n,
    learner: false,
    version: '3.5.16',
    dbSizeBytes: 100,
    dbSizeInUseBytes: 60,
    raftTerm: 2n,
    raftIndex: 9n,
    raftAppliedIndex: 9n,
    errors: [],
    read: { answered: true, revision: BigInt(index + 5) },
    alarms: [],
    list: {
      linearizable: true,
      members: nodes.map((node, at) => ({
        id: BigInt(at + 10),
        name: node.name,
        peerUrls: [`https://${node.address}:2380`],
        clientUrls: [`https://${node.address}:2379`],
        learner: false,
      })),
    },
    ...changes,
  }
}

const seen = (...members: readonly MemberView[]) =>
  standingOf(cluster, { hosts: {}, ...saidBy(cluster, { members }) })

const NO_READ = {
  answered: false,
  reason: { kind: 'deadline', message: 'no answer', hint: undefined },
} as const

test('three that are well: one leads, all count, the newest revision is known', () => {
  const { voters, healthyVoters, leader, revision, members } = seen(member(0), member(1), member(2))
  expect([voters, healthyVoters, leader, revision]).toEqual([3, 3, 'etcd01', 7])
  expect(members.map(({ trouble, healthy, voter }) => [trouble, healthy, voter])).toEqual(
    nodes.map(() => [undefined, true, true]),
  )
})

test('one that is cut off knows of no leader: who leads is known all the same, but nothing is agreed on', () => {
  const cut = member(2, { leaderId: undefined, read: NO_READ })
  const { cluster: facts } = saidBy(cluster, { members: [member(0), member(1), cut] })
  expect(facts).toMatchObject({ leader: undefined, leading: 'etcd01' })
  expect(seen(member(0), member(1), cut)).toMatchObject({ leader: 'etcd01', voters: 3, healthyVoters: 2 })
})

test('of two that say that they lead, the one of the newer term does', () => {
  const former = member(0, { read: NO_READ })
  const now = { leaderId: 11n, raftTerm: 3n }
  expect(seen(former, member(1, now), member(2, now)).leader).toBe('etcd02')
})

test('a process that the list does not have is not a member, whatever its name', () => {
  const [, , stray] = seen(member(0), member(1), member(2, { memberId: 99n, read: NO_READ })).members
  expect(stray).toMatchObject({ listed: false, voter: false, healthy: false, trouble: 'no answer' })
})

test('one that could not be asked is not down; if no member can list the members, the file does', () => {
  const reason = { kind: 'unreachable', message: 'no route', hint: undefined } as const
  const away = nodes.map(({ name }): MemberView => ({
    reachable: false,
    name,
    reason,
    unasked: 'unreachable',
  }))
  const { voters, healthyVoters, leader, members } = seen(...away)
  expect([voters, healthyVoters, leader]).toEqual([3, 0, undefined])
  expect(members[0]).toMatchObject({ unknown: true, listed: undefined, voter: true, trouble: 'no route' })
})

test('alarms have the name of the node, an ID, or no name; each is listed once', () => {
  const alarms = [11n, 77n, 0n].map((memberId) => ({ memberId, type: 'CORRUPT' }))
  const standing = seen(member(0, { alarms }), member(1, { alarms }), member(2))
  expect(standing.alarms.map((alarm) => alarm.member)).toEqual(['etcd02', '4d', NO_MEMBER])
  expect(standing.members.map((one) => one.alarms)).toEqual([[], ['CORRUPT'], []])
})
