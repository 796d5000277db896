import { expect, test } from 'vitest'
import { sampleCluster } from '../../etcd/sample.ts'
import {
  RUNNING,
  clusterStanding,
  downMember,
  memberStanding,
} from '../../tiers/etcd/facts/standing.fixture.ts'
import type { MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { canAnswer, mayAnswer, nextTurn } from './decide-turn.ts'
import type { PowerIntent } from './decide.ts'

const ALL = [1, 2, 3, 4, 5].map((number) => memberStanding(number))

/** The next turn of a forced command for all of these members, after the turn of the second one. */
function afterTheSecond(members: readonly MemberStanding[], verb: PowerIntent['verb'] = 'restart') {
  const hosts = members.map(({ name }) => name)
  const left = hosts.filter((name) => name !== 'etcd02')
  return nextTurn({ cluster: sampleCluster(), verb, hosts, force: true }, left, clusterStanding(members))
}

function withSecond(second: MemberStanding, members = ALL) {
  return members.map((one) => (one.name === second.name ? second : one))
}

test.each([3, 5])(
  'once a restarted member is down again, no other of %i is restarted, even by force',
  (size) => {
    const members = ALL.slice(0, size)
    expect(afterTheSecond(members).kind).toBe('turn')
    const answer = afterTheSecond(withSecond(downMember(2), members))
    if (answer.kind !== 'blocked') throw new TypeError(answer.kind)
    const [reason, ...others] = answer.reasons
    expect(others).toEqual([])
    expect(reason?.host).toBe('etcd02')
    expect(reason?.message).toContain('nothing listens there')
    expect(reason?.hint).toContain('quorate restart etcd01 etcd03')
  },
)

test('the same if quorate hears fewer than a quorum of the others', () => {
  const members = ALL.map((one) =>
    one.name === 'etcd01' ? one : { ...one, healthy: false, trouble: 'silent' },
  )
  expect(afterTheSecond(members)).toMatchObject({ kind: 'blocked', reasons: [{ host: 'etcd02' }] })
})

test('a member that is down and had no turn, or that was stopped on request, stops nothing', () => {
  const members = withSecond(downMember(2))
  const intent = { cluster: sampleCluster(), verb: 'restart', hosts: ['etcd03'], force: true } as const
  expect(nextTurn(intent, ['etcd03'], clusterStanding(members)).kind).toBe('turn')
  expect(afterTheSecond(members, 'stop').kind).toBe('turn')
})

test('a learner answers no such reads, and without a quorum no member does: a forced restart goes on', () => {
  expect(afterTheSecond(withSecond(downMember(2, { voter: false }))).kind).toBe('turn')
  const silent = ALL.map((one) => ({ ...one, healthy: false, trouble: 'leaderless' }))
  expect(afterTheSecond(silent).kind).toBe('turn')
})

test.each([
  ['a member that waits for a quorum may be one of it', { mainPid: 100 }, true],
  ['a member that fails and is started again and again has no process in between', { mainPid: 0 }, false],
])('start of two of four, one of which is down: %s', (_, process, expected) => {
  const unit = { ...RUNNING, active: 'activating', ...process }
  const standing = clusterStanding(
    [1, 2, 3, 4].map((number) => downMember(number, number === 1 ? { unit } : {})),
  )
  const started = ['etcd02', 'etcd03']
  expect(mayAnswer(standing, started)).toBe(expected)
  // It may also be about to fail: a quorum isn't certain.
  expect(canAnswer(standing, started)).toBe(false)
  expect(mayAnswer(standing, ['etcd02'])).toBe(false)
})
