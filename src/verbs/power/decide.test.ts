import { expect, test } from 'vitest'
import { sampleCluster } from '../../etcd/sample.ts'
import {
  STOPPED,
  RUNNING,
  clusterStanding,
  downMember,
  memberStanding,
} from '../../tiers/etcd/facts/standing.fixture.ts'
import type { MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { type PowerIntent, leftOut, planPower } from './decide.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'

const cluster = sampleCluster()

function plan(
  verb: PowerIntent['verb'],
  hosts: readonly string[],
  members: readonly MemberStanding[],
  force = false,
) {
  const { steps, blocked, risks, outage } = planPower(
    { cluster, verb, hosts, force },
    clusterStanding(members),
  )
  const named = steps.map((step) => ('host' in step ? `${step.kind} ${step.host}` : step.kind))
  return {
    steps: named,
    blocked: blocked.map(({ id, message }) => `${id}: ${message}`),
    hints: blocked.map(({ hint }) => hint),
    risks,
    outage,
  }
}

const THREE = [memberStanding(1), memberStanding(2), memberStanding(3)]

test('followers first, and leadership moves before the leader goes', () => {
  expect(plan('restart', ['etcd01', 'etcd02', 'etcd03'], THREE).steps).toEqual([
    'restart etcd02',
    'restart etcd03',
    'move-leader',
    'restart etcd01',
  ])
  expect(plan('stop', ['etcd02'], THREE).steps).toEqual(['stop-member etcd02'])
})

test('a start of all that can be started leaves out members that are unreachable, or have no data', () => {
  const members = [
    downMember(1, { listed: undefined }),
    downMember(2, { listed: undefined, unit: undefined }),
    downMember(3, { listed: undefined, hasLog: false }),
    downMember(4, { listed: undefined }),
  ]
  const hosts = members.map(({ name }) => name)
  const intent: PowerIntent = { cluster, verb: 'start', hosts, force: false }
  expect(planPower(intent, clusterStanding(members)).blocked).toHaveLength(2)
  const skipUnstartable = { ...intent, skipUnstartable: true }
  const { steps, blocked } = planPower(skipUnstartable, clusterStanding(members))
  expect(blocked).toEqual([])
  expect(steps.map((step) => 'host' in step && step.host)).toEqual(['etcd01', 'etcd04'])
  expect(leftOut(skipUnstartable, clusterStanding(members)).map(({ host }) => host)).toEqual([
    'etcd02',
    'etcd03',
  ])
})

test('stopping says what is left, and that it stays so', () => {
  const { risks, outage } = plan('stop', ['etcd03'], THREE)
  expect(outage).toBe(false)
  expect(risks.join(' ')).toMatch(/after reboots/)
  expect(risks.join(' ')).toMatch(/ 2 of 3 .*, 2 needed: /)
})

test('the second of three is not stopped, and the refusal says why and how', () => {
  const members = [memberStanding(1), memberStanding(2), downMember(3)]
  const refused = plan('stop', ['etcd02'], members)
  expect(refused.steps).toEqual([])
  expect(refused.blocked[0]).toMatch(/^quorum-would-be-lost: 2 of 3 .* 2 .* 1 /)
  expect(refused.hints[0]).toContain('quorate stop etcd02 --force')
  const forced = plan('stop', ['etcd02'], members, true)
  expect(forced.steps).toEqual(['stop-member etcd02'])
  expect(forced.risks.join(' ')).toMatch(/ 1 of 3 .*, 2 needed: /)
  expect(forced.outage).toBe(true)
})

test('two of three at once are one too many', () => {
  expect(plan('stop', ['etcd02', 'etcd03'], THREE).blocked).toHaveLength(1)
  const five = [1, 2, 3, 4, 5].map((number) => memberStanding(number))
  expect(plan('stop', ['etcd02', 'etcd03'], five).blocked).toEqual([])
  expect(plan('stop', ['etcd02', 'etcd03', 'etcd04'], five).blocked).toHaveLength(1)
})

test('for every size and number of members down: unforced, a quorum is always left', () => {
  for (let size = 1; size <= 7; size++) {
    for (let down = 0; down <= size; down++) {
      for (let taken = 1; taken <= size - down; taken++) {
        for (const verb of ['restart', 'stop'] as const) {
          const members = Array.from({ length: size }, (_, at) =>
            at < size - down ? memberStanding(at + 1) : downMember(at + 1, { unit: undefined }),
          )
          const hosts = members.slice(0, taken).map(({ name }) => name)
          const away = verb === 'stop' ? taken : 1
          const { steps } = plan(verb, hosts, members)
          expect({ size, down, taken, verb, done: steps.length > 0 }).toEqual({
            size,
            down,
            taken,
            verb,
            done: size - down - away >= quorum(size),
          })
        }
      }
    }
  }
})

test('the only member is restarted only by force', () => {
  expect(plan('restart', ['etcd01'], [memberStanding(1)]).blocked[0]).toMatch(/^writes-would-fail: /)
  expect(plan('restart', ['etcd01'], [memberStanding(1)], true).steps).toEqual(['restart etcd01'])
})

test('a member that hangs, or a learner, costs nothing and may go', () => {
  const hung = memberStanding(3, { healthy: false, trouble: 'no answer' })
  expect(plan('restart', ['etcd03'], [memberStanding(1), memberStanding(2), hung]).steps).toEqual([
    'restart etcd03',
  ])
  expect(plan('restart', ['etcd03'], [memberStanding(1), memberStanding(2), hung]).risks.join()).toContain(
    'restart',
  )
  const learner = memberStanding(4, { voter: false, healthy: false })
  const members = [memberStanding(1), memberStanding(2), downMember(3), learner]
  expect(plan('stop', ['etcd04'], members).steps).toEqual(['stop-member etcd04'])
})

test('without a quorum no member is asked to take over leadership', () => {
  const members = [memberStanding(1), downMember(2), downMember(3)]
  expect(plan('stop', ['etcd01'], members, true).steps).toEqual(['stop-member etcd01'])
})

test('another member that answers reads takes over leadership, even if quorate hears fewer than a quorum', () => {
  const unheard = downMember(3, { unit: RUNNING, markedStopped: false })
  const members = [memberStanding(1), memberStanding(2), unheard, downMember(4), downMember(5)]
  expect(plan('stop', ['etcd01'], members, true).steps).toEqual(['move-leader', 'stop-member etcd01'])
})

test('what is so already is left alone', () => {
  expect(plan('stop', ['etcd03'], [memberStanding(1), memberStanding(2), downMember(3)]).steps).toEqual([])
  expect(plan('start', ['etcd01', 'etcd02', 'etcd03'], THREE).steps).toEqual([])
  const atBoot = downMember(3, { unit: { ...STOPPED, enabled: true } })
  expect(plan('stop', ['etcd03'], [memberStanding(1), memberStanding(2), atBoot]).steps).toEqual([
    'stop-member etcd03',
  ])
  // Stopped by hand: the next apply would start it.
  const byHand = downMember(3, { markedStopped: false })
  expect(plan('stop', ['etcd03'], [memberStanding(1), memberStanding(2), byHand]).steps).toEqual([
    'stop-member etcd03',
  ])
  const notAtBoot = memberStanding(3, { unit: { ...RUNNING, enabled: false } })
  expect(plan('start', ['etcd03'], [memberStanding(1), memberStanding(2), notAtBoot]).steps).toEqual([
    'start-member etcd03',
  ])
})

test.each<[string, PowerIntent['verb'], Partial<MemberStanding>, RegExp]>([
  ['out of reach', 'start', { unit: undefined }, /^unreachable-node: .* unreachable$/],
  ["another cluster's", 'stop', { pinnedTo: 'other' }, /^node-of-another-cluster: .* 'other', /],
  [
    'never set up',
    'start',
    { unit: { ...STOPPED, exists: false } },
    /^member-is-not-set-up: etcd\.service .* not exist$/,
  ],
  ['without its log', 'start', { hasLog: false }, /^log-is-missing: .* \(WAL\) .* twice /],
  ['without its data', 'start', { whole: false }, /^data-is-missing: .* data directory /],
  ['half reset', 'start', { hasLog: false, pinnedTo: undefined }, /^member-never-ran: .* no WAL: .* reset /],
  ['with the data of another', 'start', { strayLog: true }, /^data-of-another-member: .* twice$/],
  ['removed', 'start', { listed: false }, /^not-a-member: .* not .* cluster$/],
  ['stopped', 'restart', {}, /^member-is-stopped: etcd .* inactive$/],
])('a member that is %s: %s is refused', (_, verb, changes, reason) => {
  const refused = plan(verb, ['etcd03'], [memberStanding(1), memberStanding(2), downMember(3, changes)], true)
  expect(refused.blocked.join()).toMatch(reason)
  expect(refused.steps).toEqual([])
})

test('members are started whatever the quorum is', () => {
  const members = [downMember(1), downMember(2), downMember(3)]
  expect(plan('start', ['etcd01', 'etcd02', 'etcd03'], members).steps).toHaveLength(3)
})

test('a running member that does not answer may be needed: others read through more than are visible', () => {
  const silent = memberStanding(3, { healthy: false, trouble: 'silent' })
  const hidden = [memberStanding(1), downMember(2), silent]
  expect(plan('restart', ['etcd03'], hidden).blocked).toEqual([
    expect.stringMatching(/^writes-would-fail: 1 of 3 .* 2 /),
  ])
  expect(plan('stop', ['etcd03'], hidden).blocked).toHaveLength(1)
  expect(plan('restart', ['etcd03'], hidden, true).blocked).toEqual([])
  // If a quorum is visible, the member is faulty. If no member answers, no client is served.
  expect(plan('restart', ['etcd03'], [memberStanding(1), memberStanding(2), silent]).blocked).toEqual([])
  expect(plan('restart', ['etcd03'], [downMember(1), downMember(2), silent]).blocked).toEqual([])
})
