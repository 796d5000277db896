import { expect, test } from 'vitest'
import { DEFRAG_RULE } from '../../etcd/space.ts'
import {
  MIB,
  clusterCondition,
  downMember,
  memberCondition,
} from '../../tiers/etcd/facts/condition.fixture.ts'
import type { MemberCondition } from '../../tiers/etcd/facts/condition.ts'
import { type DefragIntent, planDefrag } from './decide-defrag.ts'

const FRAGMENTED = { sizeBytes: 900 * MIB, inUseBytes: 100 * MIB, quotaBytes: 2048 * MIB }

function plan(members: readonly MemberCondition[], intent: Partial<DefragIntent> = {}) {
  const whole = { hosts: undefined, all: false, rule: DEFRAG_RULE, ...intent }
  const { steps, blocked, risks, skipped } = planDefrag(whole, clusterCondition(members))
  return {
    steps: steps.map((step) => ('host' in step ? `${step.kind} ${step.host}` : step.kind)),
    blocked: blocked.map(({ message }) => message),
    risks: risks.join(' '),
    skipped: skipped.map(({ host }) => host),
  }
}

test('only members that are worth it, unless all are asked for', () => {
  const members = [memberCondition(1), memberCondition(2, { space: FRAGMENTED }), memberCondition(3)]
  expect(plan(members)).toMatchObject({ steps: ['defragment etcd02'], skipped: ['etcd01', 'etcd03'] })
  expect(plan(members, { all: true })).toMatchObject({ skipped: [] })
  expect(plan(members, { all: true, hosts: ['etcd03'] }).steps).toEqual(['defragment etcd03'])
  expect(plan([memberCondition(1)])).toMatchObject({ steps: [], risks: '' })
})

test('followers first; leadership leaves the leader before its turn', () => {
  const members = [1, 2, 3].map((number) => memberCondition(number, { space: FRAGMENTED }))
  expect(plan(members).steps).toEqual([
    'defragment etcd02',
    'defragment etcd03',
    'move-leader',
    'defragment etcd01',
  ])
})

test('nothing while a member is down or contents are in doubt', () => {
  const space = FRAGMENTED
  const down = plan([memberCondition(1, { space }), memberCondition(2, { space }), downMember(3)])
  expect(down.steps).toEqual([])
  expect(down.blocked[0]).toContain('it is down')
  const corrupt = plan([memberCondition(1, { space }), memberCondition(2, { alarms: ['CORRUPT'] })])
  expect(corrupt.blocked[0]).toContain('CORRUPT')
  const full = plan([
    memberCondition(1, { space, alarms: ['NOSPACE'] }),
    memberCondition(2),
    memberCondition(3),
  ])
  expect(full.blocked).toEqual([])
})

test('versions that defragmenting can corrupt are left alone; lesser faults are told', () => {
  expect(plan([memberCondition(1, { space: FRAGMENTED, version: '3.5.5' })]).blocked[0]).toMatch(
    /3\.5\.5: .*defragmentation/,
  )
  const warned = plan([memberCondition(1, { space: FRAGMENTED, version: '3.5.16' })])
  expect(warned.blocked).toEqual([])
  expect(warned.risks).toContain('fixed in 3.5.23')
})

test('one or two members stand still meanwhile, and it is said', () => {
  const two = [1, 2].map((number) => memberCondition(number, { space: FRAGMENTED }))
  expect(plan(two).risks).toContain('the whole cluster stands still')
  const three = [1, 2, 3].map((number) => memberCondition(number, { space: FRAGMENTED }))
  expect(plan(three).risks).not.toContain('stands still')
})
