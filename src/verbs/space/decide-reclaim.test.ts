import { expect, test } from 'vitest'
import { MIB, clusterStanding, downMember, memberStanding } from '../../tiers/etcd/facts/standing.fixture.ts'
import type { MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { NO_PROGRESS, type SpaceProgress } from '../../tiers/etcd/steps/space.ts'
import { planReclaim } from './decide-reclaim.ts'

const FULL = { sizeBytes: 20 * MIB, inUseBytes: 19 * MIB, quotaBytes: 20 * MIB }
const COMPACTED = { sizeBytes: 20 * MIB, inUseBytes: 4 * MIB, quotaBytes: 20 * MIB }
const SMALL = { sizeBytes: 4 * MIB, inUseBytes: 4 * MIB, quotaBytes: 20 * MIB }

function plan(members: readonly MemberStanding[], progress: SpaceProgress = NO_PROGRESS) {
  const { steps, blocked, risks } = planReclaim(clusterStanding(members), progress)
  return {
    steps: steps.map((step) =>
      'host' in step && step.host !== undefined ? `${step.kind} ${step.host}` : step.kind,
    ),
    blocked: blocked.map(({ id, message, hint }) => `${id}: ${message} | ${hint}`).join('\n'),
    risks: risks.join(' '),
  }
}

const three = (space: MemberStanding['space'], alarms: readonly string[] = ['NOSPACE']) =>
  [1, 2, 3].map((number) => memberStanding(number, { space, alarms: number === 1 ? alarms : [] }))

test('from full to writable: compact, each member in its turn, disarm, prove', () => {
  const { steps, risks } = plan(three(FULL))
  expect(steps).toEqual([
    'compact',
    'defragment etcd02',
    'defragment etcd03',
    'move-leader',
    'defragment etcd01',
    'disarm',
    'prove-write',
  ])
  expect(risks).toMatch(/ 500 .*permanently/)
})

test('what was done before an interruption is not done again', () => {
  const members = [
    memberStanding(1, { space: COMPACTED, alarms: ['NOSPACE'] }),
    memberStanding(2, { space: SMALL }),
    memberStanding(3, { space: COMPACTED }),
  ]
  expect(plan(members).steps).toEqual([
    'compact',
    'defragment etcd03',
    'move-leader',
    'defragment etcd01',
    'disarm',
    'prove-write',
  ])
  expect(plan(three(SMALL)).steps).toEqual(['compact', 'disarm', 'prove-write'])
  const progress = { ...NO_PROGRESS, compacted: true, defragmented: ['etcd01', 'etcd02', 'etcd03'] }
  expect(plan(three(SMALL), progress).steps).toEqual(['disarm', 'prove-write'])
  expect(plan(three(SMALL, []), progress).steps).toEqual(['prove-write'])
})

test('a cluster that takes writes is left alone', () => {
  expect(plan(three(SMALL, []))).toEqual({ steps: [], blocked: '', risks: '' })
})

test('full without the alarm is full: the next write raises it', () => {
  expect(plan(three(FULL, [])).steps).toContain('defragment etcd01')
})

test('a full member is defragmented for little, if that makes room: else the next write raises the alarm again', () => {
  const progress = { ...NO_PROGRESS, compacted: true }
  const space = { sizeBytes: 99.9 * MIB, inUseBytes: 98.4 * MIB, quotaBytes: 100 * MIB }
  expect(plan(three(space), progress).steps[0]).toBe('defragment etcd02')
  const roomy = { ...space, quotaBytes: 110 * MIB }
  expect(plan(three(roomy), progress).steps).toEqual(['disarm', 'prove-write'])
})

test('live data over the quota: said so, with what to type, and no member is blocked for nothing', () => {
  const { steps, blocked } = plan(three(FULL), { ...NO_PROGRESS, compacted: true, defragmented: [] })
  expect(steps).toEqual([])
  expect(blocked).toMatch(/^too-much-live-data: .*19 MiB .* 20 MiB /)
  expect(blocked).toMatch(/quota-backend-bytes: 67108864 \}, and run quorate apply/)
})

test('etcd 3.3 does not say what is in use: it is defragmented, then judged by its size', () => {
  const old = { ...FULL, inUseBytes: undefined }
  expect(plan(three(old), { ...NO_PROGRESS, compacted: true, defragmented: [] }).steps[0]).toBe(
    'defragment etcd02',
  )
  const done = { ...NO_PROGRESS, compacted: true, defragmented: ['etcd01', 'etcd02', 'etcd03'] }
  expect(plan(three(old), done).blocked).toMatch(/^too-much-live-data: /)
})

test('one member down is left out and named; without a majority, or corrupt, nothing is done', () => {
  const [first, second] = three(FULL)
  if (first === undefined || second === undefined) throw new TypeError('no members')
  const without = plan([first, second, downMember(3)])
  expect(without.steps).not.toContain('defragment etcd03')
  expect(without.risks).toMatch(/\betcd03 /)
  expect(plan([first, downMember(2), downMember(3)]).blocked).toMatch(/: 1 of 3 /)
  const corrupt = memberStanding(2, { space: FULL, alarms: ['CORRUPT'] })
  expect(plan([first, corrupt, memberStanding(3)]).blocked).toContain('CORRUPT')
})
