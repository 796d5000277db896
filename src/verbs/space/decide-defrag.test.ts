import { expect, test } from 'vitest'
import { DEFRAG_RULE } from '../../etcd/space.ts'
import { MIB, clusterStanding, downMember, memberStanding } from '../../tiers/etcd/facts/standing.fixture.ts'
import type { MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { NO_PROGRESS } from '../../tiers/etcd/steps/space.ts'
import { type DefragIntent, decideDefrag, planDefrag, sparedNow } from './decide-defrag.ts'

const FRAGMENTED = { sizeBytes: 900 * MIB, inUseBytes: 100 * MIB, quotaBytes: 2048 * MIB }

function plan(members: readonly MemberStanding[], intent: Partial<DefragIntent> = {}) {
  const whole = { hosts: undefined, all: false, rule: DEFRAG_RULE, ...intent }
  const { steps, blocked, risks, skipped } = planDefrag(whole, clusterStanding(members))
  return {
    steps: steps.map((step) => ('host' in step ? `${step.kind} ${step.host}` : step.kind)),
    blocked: blocked.map(({ id, message }) => `${id}: ${message}`),
    risks: risks.join(' '),
    skipped: skipped.map(({ host }) => host),
  }
}

test('only members that are worth it, unless all are asked for', () => {
  const members = [memberStanding(1), memberStanding(2, { space: FRAGMENTED }), memberStanding(3)]
  expect(plan(members)).toMatchObject({ steps: ['defragment etcd02'], skipped: ['etcd01', 'etcd03'] })
  expect(plan(members, { all: true })).toMatchObject({ skipped: [] })
  expect(plan(members, { all: true, hosts: ['etcd03'] }).steps).toEqual(['defragment etcd03'])
  expect(plan([memberStanding(1)])).toMatchObject({ steps: [], risks: '' })
})

test('followers first; leadership leaves the leader before its turn', () => {
  const members = [1, 2, 3].map((number) => memberStanding(number, { space: FRAGMENTED }))
  expect(plan(members).steps).toEqual([
    'defragment etcd02',
    'defragment etcd03',
    'move-leader',
    'defragment etcd01',
  ])
})

test('a member whose free space was used again before its turn is spared, unless all are asked for', () => {
  const used = { ...FRAGMENTED, inUseBytes: 850 * MIB }
  const standing = clusterStanding([
    memberStanding(1, { space: FRAGMENTED }),
    memberStanding(2, { space: { ...FRAGMENTED, sizeBytes: 100 * MIB } }),
    memberStanding(3, { space: used }),
  ])
  const facts = {
    standing,
    chosen: ['etcd01', 'etcd02', 'etcd03'],
    progress: { ...NO_PROGRESS, defragmented: ['etcd02'] },
  }
  const turn = (all: boolean) => {
    const answer = decideDefrag({ hosts: undefined, all, rule: DEFRAG_RULE }, facts)
    return answer.kind === 'steps' ? answer.steps.flatMap((step) => ('host' in step ? step.host : [])) : []
  }
  expect(turn(false)).toEqual(['etcd01'])
  expect(turn(true)).toEqual(['etcd03'])
  expect(sparedNow({ hosts: undefined, all: false, rule: DEFRAG_RULE }, facts)).toEqual([
    { host: 'etcd03', why: 'only 6 % of its 900 MiB are free' },
  ])
})

test('nothing while a member is down or contents are in doubt', () => {
  const space = FRAGMENTED
  const down = plan([memberStanding(1, { space }), memberStanding(2, { space }), downMember(3)])
  expect(down.steps).toEqual([])
  expect(down.blocked[0]).toMatch(/^member-down-before-defragmentation: /)
  const corrupt = plan([memberStanding(1, { space }), memberStanding(2, { alarms: ['CORRUPT'] })])
  expect(corrupt.blocked[0]).toContain('CORRUPT')
  const full = plan([memberStanding(1, { space, alarms: ['NOSPACE'] }), memberStanding(2), memberStanding(3)])
  expect(full.blocked).toEqual([])
})

test('versions that defragmenting can corrupt are left alone; lesser faults are reported', () => {
  expect(plan([memberStanding(1, { space: FRAGMENTED, version: '3.5.5' })]).blocked[0]).toMatch(
    /3\.5\.5: .*defragmentation/,
  )
  const warned = plan([memberStanding(1, { space: FRAGMENTED, version: '3.5.16' })])
  expect(warned.blocked).toEqual([])
  expect(warned.risks).toContain('fixed in 3.5.23')
})

test('one or two members serve no writes during it, and the plan says so', () => {
  const two = [1, 2].map((number) => memberStanding(number, { space: FRAGMENTED }))
  expect(plan(two).risks).toContain('unavailable')
  const three = [1, 2, 3].map((number) => memberStanding(number, { space: FRAGMENTED }))
  expect(plan(three).risks).not.toContain('unavailable')
})
