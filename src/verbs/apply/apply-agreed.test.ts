import { expect, test } from 'vitest'
import type { Plan } from '../../tiers/etcd/plan/plan.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { agreedTo, requireApproved } from './apply.ts'

/** A plan of one step, which names no more than what is compared. */
const planOf = (kind: Step['kind'], host: string, what: string): Plan => ({
  waves: [[{ kind, host, what, why: '', danger: kind === 'start' ? 'none' : 'restart' } as unknown as Step]],
  blocked: [],
})
const shown = agreedTo(planOf('start', 'etcd02', 'start etcd.service'))

test.each([
  'restart etcd.service',
  'restart etcd.service: nobody is served meanwhile',
  'restart etcd.service, taking Raft from members alone',
])('a member that was to be started may be found starting: %s', (what) => {
  expect(() => requireApproved(shown, planOf('restart', 'etcd02', what))).not.toThrow()
})

test('a restart of another member is more than was agreed to', () => {
  const other = planOf('restart', 'etcd01', 'restart etcd.service')
  expect(() => requireApproved(shown, other)).toThrow(expect.objectContaining({ code: 'moved' }))
})
