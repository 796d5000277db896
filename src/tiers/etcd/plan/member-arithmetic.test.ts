import { expect, test } from 'vitest'
import { arithmetic } from './member-arithmetic.ts'
import type { Step } from '../steps/steps.ts'
import { healthyCluster, testCluster } from './testing.ts'

const facts = healthyCluster(testCluster())
const words = { what: '', why: '', danger: 'membership' } as const
const remove = (name: string, memberId: string): Step => ({ kind: 'member-remove', name, memberId, ...words })
const add = (node: string, learner: boolean): Step => ({
  kind: 'member-add',
  node,
  peerUrls: [],
  learner,
  members: [],
  ...words,
})
const promote = (node: string): Step => ({ kind: 'promote', node, memberId: 'new', ...words })
const start = (host: string): Step => ({ kind: 'start', host, turn: 0, ...words })

test('nothing changes', () => {
  const count = { voters: 3, quorum: 2, mayFail: 1 }
  expect(arithmetic(facts, [])).toEqual({ before: count, after: count, fewestMayFail: 1 })
})

test('a learner counts when it has its vote', () => {
  expect(arithmetic(facts, [add('etcd04', true), start('etcd04')]).after.voters).toBe(3)
  expect(arithmetic(facts, [add('etcd04', true), start('etcd04'), promote('etcd04')])).toMatchObject({
    after: { voters: 4, quorum: 3, mayFail: 1 },
    fewestMayFail: 1,
  })
})

test('without learners the new member counts as down until it has started', () => {
  expect(arithmetic(facts, [add('etcd04', false), start('etcd04')])).toMatchObject({
    after: { voters: 4 },
    fewestMayFail: 0,
  })
  const single = { ...facts, members: facts.members.slice(0, 1), healthy: ['etcd01'] }
  expect(arithmetic(single, [add('etcd02', false), start('etcd02')]).fewestMayFail).toBe(-1)
})

test('a running member that is recreated is missing during that time, a dead one not more than before', () => {
  const recreated = [remove('etcd03', '3'), add('etcd03', true), promote('etcd03')]
  expect(arithmetic(facts, recreated)).toMatchObject({ after: { voters: 3 }, fewestMayFail: 0 })
  const without = { ...facts, healthy: ['etcd01', 'etcd02'] }
  expect(arithmetic(without, [remove('etcd03', '3')])).toMatchObject({
    before: { voters: 3 },
    after: { voters: 2, mayFail: 0 },
    fewestMayFail: 0,
  })
})
