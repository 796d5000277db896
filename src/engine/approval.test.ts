import { expect, test } from 'vitest'
import { ETCD_STEPS } from '../tiers/etcd/steps/kinds.ts'
import type { Step } from '../tiers/etcd/steps/steps.ts'
import { orRestarted } from '../tiers/etcd/converge.ts'
import { agreedTo, requireAgreed, sameSteps } from './approval.ts'
import type { EngineStep, Plan } from './step.ts'

/** A plan of one step, with only the fields that are compared. */
const planOf = (kind: Step['kind'], host: string, what: string): Plan<EngineStep> => ({
  waves: [[{ kind, host, what, why: what, danger: kind === 'start' ? 'none' : 'restart' }]],
  blocked: [],
})
const moved = expect.objectContaining({ code: 'moved' })
const shown = agreedTo(planOf('start', 'etcd02', 'start etcd.service'), ETCD_STEPS, orRestarted)

test.each([
  'restart etcd.service',
  'restart etcd.service; clients wait meanwhile',
  'have etcd begin once more',
])('a member that was to be started may be found starting, in whatever words: %s', (what) => {
  expect(() => requireAgreed(shown, planOf('restart', 'etcd02', what), ETCD_STEPS)).not.toThrow()
})

test('a restart of another member is more than was agreed to', () => {
  const other = planOf('restart', 'etcd01', 'restart etcd.service')
  expect(() => requireAgreed(shown, other, ETCD_STEPS)).toThrow(moved)
})

test('the same text about another step is not a confirmation', () => {
  const agreed = agreedTo(planOf('restart', 'etcd01', 'restart etcd.service'), ETCD_STEPS)
  const stop = planOf('stop', 'etcd01', 'restart etcd.service')
  expect(() => requireAgreed(agreed, stop, ETCD_STEPS)).toThrow(moved)
})

const step = (path: string, what: string) =>
  ({ kind: 'file', host: 'etcd01', path, what, why: '', danger: 'none' }) as const

test('steps are the same by what they do and to what, not by their words or their order', () => {
  const [a, b] = [step('/a', 'write /a'), step('/b', 'write /b')]
  expect(sameSteps([a, b], [{ ...b, what: 'put /b there' }, a], ETCD_STEPS)).toBe(true)
  expect(sameSteps([a, b], [a, { ...b, path: '/c' }], ETCD_STEPS)).toBe(false)
  expect(sameSteps([a], [a, a], ETCD_STEPS)).toBe(false)
})
