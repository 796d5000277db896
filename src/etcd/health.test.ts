import { expect, test } from 'vitest'
import { healthOf, judgeView } from './health.ts'
import type { ClusterView, MemberView, ReachableMember } from './view.ts'
import type { ListedMember } from './listed-member.ts'

const names = ['etcd01', 'etcd02', 'etcd03']
const url = (name: string) => `https://${name}:2380`
const expected = { members: names.map((name) => ({ name, peerUrls: [url(name)] })) }
const listed = names.map((name, index): ListedMember => ({
  id: BigInt(index + 1),
  name,
  peerUrls: [url(name)],
  clientUrls: [],
  learner: false,
}))

function view(
  changes: Readonly<Record<string, Partial<ReachableMember>>> = {},
  list: readonly ListedMember[] = listed,
): ClusterView {
  return {
    members: names.map((name, index): MemberView => ({
      reachable: true,
      name,
      clusterId: 0xabcn,
      memberId: BigInt(index + 1),
      leaderId: 2n,
      learner: false,
      version: '3.5.16',
      dbSizeBytes: 20480,
      dbSizeInUseBytes: 16384,
      raftTerm: 2n,
      raftIndex: 9n,
      raftAppliedIndex: 9n,
      errors: [],
      read: { answered: true, revision: 1n },
      alarms: [],
      list: { linearizable: true, members: list },
      ...changes[name],
    })),
  }
}

const reason = { kind: 'refused', message: '192.168.0.3:2379 refuses', hint: undefined } as const
const problems = (seen: ClusterView, clusterId?: bigint) =>
  judgeView(seen, { ...expected, clusterId }).problems.map(({ kind, member }) => [kind, member])

test('three voting members that agree are healthy', () => {
  expect(judgeView(view(), { ...expected, clusterId: 0xabcn })).toEqual({
    healthy: true,
    clusterId: 0xabcn,
    leaderId: 2n,
    problems: [],
  })
})

test('a member that does not answer is named with the reason', () => {
  const members = [...view().members.slice(0, 2), { reachable: false, name: 'etcd03', reason } as const]
  expect(judgeView({ members }, expected)).toMatchObject({
    healthy: false,
    leaderId: 2n,
    problems: [
      {
        kind: 'unreachable',
        member: 'etcd03',
        message: expect.stringMatching(/: 192\.168\.0\.3:2379 refuses$/),
      },
    ],
  })
})

test('a member that could not be asked is unknown, and not down; one that is down is not made unknown by it', () => {
  const unasked = { reachable: false, name: 'etcd03', reason, unasked: 'host-key' } as const
  const members = [...view().members.slice(0, 2), unasked]
  const problem = { kind: 'unknown', member: 'etcd03', code: 'host-key', hint: reason.hint }
  expect(judgeView({ members }, expected)).toMatchObject({
    healthy: false,
    leaderId: 2n,
    problems: [{ ...problem, message: expect.stringMatching(/: 192\.168\.0\.3:2379 refuses$/) }],
  })
  const all = ['etcd01', 'etcd02', 'etcd03'].map((name) => ({ ...unasked, name }))
  const health = (some: ClusterView['members']) => healthOf(judgeView({ members: some }, expected).problems)
  expect([members, all, view().members].map(health)).toEqual(['unknown', 'unknown', 'healthy'])
  const down = { reachable: false, name: 'etcd02', reason } as const
  expect(health([...view().members.slice(0, 1), down, unasked])).toBe('unhealthy')
})

test('a status without a linearizable read is not health', () => {
  expect(problems(view({ etcd01: { read: { answered: false, reason } } }))).toEqual([['unhealthy', 'etcd01']])
})

test('two clusters, or another one than before, are reported with both IDs', () => {
  expect(judgeView(view({ etcd03: { clusterId: 0xdefn } }), expected).problems[0]?.message).toMatch(
    /etcd03 in def/,
  )
  expect(judgeView(view(), { ...expected, clusterId: 0xdefn }).problems[0]?.message).toMatch(
    /abc, expected def/,
  )
})

test('no leader, and two leaders', () => {
  expect(problems(view({ etcd01: { leaderId: undefined } }))).toEqual([['leader', 'etcd01']])
  expect(problems(view({ etcd01: { leaderId: 3n } }))).toEqual([['leader', undefined]])
})

test('an alarm that all members report is one problem of its member', () => {
  const alarms = [{ memberId: 3n, type: 'NOSPACE' }]
  expect(problems(view({ etcd01: { alarms }, etcd02: { alarms }, etcd03: { alarms } }))).toEqual([
    ['alarm', 'etcd03'],
  ])
  const unsaid = { alarms: undefined }
  expect(problems(view({ etcd01: unsaid, etcd02: unsaid, etcd03: unsaid }))).toEqual([['alarm', undefined]])
})

test('an alarm that etcd repeats among the errors is shown once; any other error stays', () => {
  const alarms = [{ memberId: 3n, type: 'CORRUPT' }]
  const errors = ['memberID:3 alarm:CORRUPT ', 'memberID:3  alarm:CORRUPT', 'memberID:3 alarm:NOSPACE']
  const found = judgeView(view({ etcd01: { alarms, errors } }), expected).problems
  expect(found.map(({ message }) => message)).toEqual(['reports: memberID:3 alarm:NOSPACE', 'alarm CORRUPT'])
  const unread = { alarms: undefined, errors }
  expect(
    judgeView(view({ etcd01: { ...unread }, etcd02: unread, etcd03: unread }), expected).problems.length,
  ).toBe(10)
})

test('members that never started, learners, strangers and other peer URLs are all named', () => {
  const [first, second, third] = listed
  if (!first || !second || !third) throw new TypeError('three members')
  const stranger = { ...third, id: 9n, name: 'etcd09', peerUrls: ['https://etcd09:2380'] }
  const list = [
    { ...first, name: '' },
    { ...second, learner: true },
    { ...third, peerUrls: ['https://elsewhere:2380'] },
    stranger,
  ]
  expect(problems(view({}, list))).toEqual([
    ['not-started', 'etcd01'],
    ['learner', 'etcd02'],
    ['peer-urls', 'etcd03'],
    ['unexpected', undefined],
  ])
  expect(problems(view({}, listed.slice(1)))).toEqual([['missing', 'etcd01']])
})

test('a member that is to have another name is the one at its address, and no stranger', () => {
  const [first, second, third] = listed
  if (!first || !second || !third) throw new TypeError('three members')
  expect(problems(view({}, [{ ...first, name: 'default (1)' }, second, third]))).toEqual([])
  // A name that belongs to another member counts for that one, wherever it is.
  expect(problems(view({}, [{ ...first, name: 'etcd02' }, second, third]))).toEqual([
    ['missing', 'etcd01'],
    ['peer-urls', 'etcd02'],
    ['unexpected', undefined],
  ])
})

test('a stale list counts only where there is no other', () => {
  const stale = { linearizable: false, members: listed.slice(1) }
  expect(problems(view({ etcd01: { list: stale } }))).toEqual([])
  expect(
    problems(view({ etcd01: { list: stale }, etcd02: { list: stale }, etcd03: { list: stale } })),
  ).toEqual([['missing', 'etcd01']])
})

test('members that list different members are found', () => {
  expect(problems(view({ etcd03: { list: { linearizable: true, members: listed.slice(1) } } }))).toEqual([
    ['list', 'etcd03'],
  ])
})
