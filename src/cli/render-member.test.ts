import { expect, test } from 'vitest'
import type { MemberPreview } from '../tiers/etcd/member-change.ts'
import { countOf } from '../tiers/etcd/plan/member-arithmetic.ts'
import { memberLosses } from './render-member.ts'

const stop = (host: string) => ({ kind: 'stop', host }) as unknown as MemberPreview['clearing'][number]

test('the removal of a member names its renamed data, and how many may fail before and after', () => {
  const arithmetic = { before: countOf(3), after: countOf(2), fewestMayFail: 0 }
  expect(
    memberLosses({ arithmetic, clearing: [stop('etcd03'), stop('etcd03')], unreachable: ['etcd04'] }),
  ).toEqual({
    loses: 'no data of the cluster; members that may fail: 1 before, 0 after',
    keeps: 'the data on etcd03, renamed; everything on etcd04 (unreachable)',
    downtime: 'none expected, as long as no member fails during the change',
  })
})

test('a replacement leaves as many members; an addition takes nothing away', () => {
  const arithmetic = { before: countOf(3), after: countOf(3), fewestMayFail: 1 }
  expect(memberLosses({ arithmetic, clearing: [stop('etcd03')], unreachable: [] })).toEqual({
    loses: 'no data of the cluster',
    keeps: 'the data on etcd03, renamed',
    downtime: 'none expected, even if 1 member fails during the change',
  })
  expect(memberLosses({ arithmetic, clearing: [], unreachable: [] })).toBeUndefined()
})
