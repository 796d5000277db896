import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { decideChange } from './member-change.ts'
import { clusterOf, facts, withFacts } from './plan/members.fixture.ts'
import { settledWorld, stopped, testIntent, withMember } from './plan/testing.ts'

const five = clusterOf(5)

const gone: Parameters<typeof withMember>[2] = (member) => ({
  ...stopped(member),
  dataPresent: false,
  walPresent: false,
})

/** Nothing is left of etcd01 and etcd02. */
function bothLost() {
  const world = withMember(withMember(settledWorld(five), 'etcd01', gone), 'etcd02', gone)
  const healthy = ['etcd03', 'etcd04', 'etcd05']
  return withFacts(world, { healthy, leader: 'etcd03', leading: 'etcd03', problems: ['two are down'] })
}

test('of two members that lost their data neither is recreated before the other: both leave in one command', () => {
  const recreated = five.nodes.slice(0, 1).map((node) => ({ node, memberId: facts(five).ids['etcd01'] }))
  let refusal: unknown
  try {
    decideChange({ wanted: five, recreated }, bothLost(), testIntent(five))
  } catch (error) {
    refusal = error
  }
  const { message, hint } = QuorateError.from(refusal, 'usage', '')
  expect(message).toContain('etcd02')
  expect(hint).toContain('quorate member remove etcd01 etcd02; ')
  expect(hint).not.toContain('quorate repair')
})

test.each([
  { what: 'lost its data: it is removed and joins again', change: gone, damaged: false, replaced: true },
  { what: 'has damaged data: the same', change: stopped, damaged: true, replaced: true },
  { what: 'has its data: what was started is completed', change: stopped, damaged: false, replaced: false },
])('a learner $what', ({ change, damaged, replaced }) => {
  const world = withMember(settledWorld(five), 'etcd01', change)
  const id = facts(five).ids['etcd01'] ?? ''
  const members = facts(five).members.map((one) => ({ ...one, learner: one.id === id }))
  const healthy = ['etcd02', 'etcd03', 'etcd04', 'etcd05']
  const seen = withFacts(world, { members, healthy, leader: 'etcd03', leading: 'etcd03' })
  const recreated = five.nodes.slice(0, 1).map((node) => ({ node, memberId: id, damaged }))
  const { intent, plan } = decideChange({ wanted: five, recreated }, seen, testIntent(five))
  expect(intent.replace).toEqual(replaced ? { etcd01: id } : {})
  const removed = plan.waves.flat().filter(({ kind }) => kind === 'member-remove')
  expect(removed).toHaveLength(replaced ? 1 : 0)
})
