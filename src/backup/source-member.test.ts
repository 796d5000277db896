import { expect, test } from 'vitest'
import type { ClusterView, MemberView, ReachableMember } from '../etcd/view.ts'
import { backupSources } from './source-member.ts'

function member(name: string, other: Partial<ReachableMember> = {}): ReachableMember {
  return {
    reachable: true,
    name,
    clusterId: 1n,
    memberId: BigInt(name.slice(-1)),
    leaderId: 1n,
    learner: false,
    version: '3.5.16',
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

function names(members: readonly MemberView[]) {
  const view: ClusterView = { members }
  const { sources, refused } = backupSources(view)
  return { sources: sources.map(({ name }) => name), refused }
}

test('a follower before the leader, and of the followers the one that has applied most', () => {
  expect(names([member('etcd1'), member('etcd2', { raftAppliedIndex: 99n }), member('etcd3')])).toEqual({
    sources: ['etcd3', 'etcd2', 'etcd1'],
    refused: [],
  })
})

test("none while CORRUPT is raised without a member's name, as by etcd's own check", () => {
  const { sources, refused } = names([
    member('etcd1', { alarms: [{ memberId: 0n, type: 'CORRUPT' }] }),
    member('etcd2'),
  ])
  expect(sources).toEqual([])
  expect(refused[1]).toMatch(/^etcd2: .*CORRUPT .*quorate repair/)
})

test('one that is down may have the alarm: the others are taken', () => {
  const list = { linearizable: true, members: [{ id: 9n } as never] }
  const alarms = [{ memberId: 9n, type: 'CORRUPT' }]
  expect(names([member('etcd1', { alarms, list }), member('etcd2')]).sources).toEqual(['etcd2', 'etcd1'])
})

test('never a learner, a corrupt one, one without a majority, or one of another cluster; each with its reason', () => {
  const unread = {
    answered: false,
    reason: { kind: 'other', message: 'no leader', hint: undefined },
  } as never
  const corrupt = [{ memberId: 3n, type: 'CORRUPT' }]
  const { sources, refused } = names([
    member('etcd1', { alarms: corrupt }),
    member('etcd2', { learner: true }),
    member('etcd3', { alarms: corrupt }),
    member('etcd4', { read: unread }),
    member('etcd5', { clusterId: 2n }),
    { reachable: false, name: 'etcd6', reason: { kind: 'other' as never, message: 'off', hint: undefined } },
  ])
  expect(sources).toEqual(['etcd1'])
  expect(refused).toEqual([
    expect.stringMatching(/^etcd2: .*learner/),
    expect.stringMatching(/^etcd3: .* CORRUPT$/),
    'etcd4: no leader',
    expect.stringMatching(/^etcd5: .*another cluster$/),
    'etcd6: off',
  ])
})

test('an alarm for lack of space does not prevent it', () => {
  expect(names([member('etcd1', { alarms: [{ memberId: 1n, type: 'NOSPACE' }] })]).sources).toEqual(['etcd1'])
})
