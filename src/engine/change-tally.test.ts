import { expect, test } from 'vitest'
import { ChangeTally } from './change-tally.ts'
import type { RunEvent } from './events.ts'
import type { EngineStep } from './step.ts'

const step = (host: string, what = 'restart etcd.service'): EngineStep => ({
  kind: 'restart',
  host,
  what,
  why: 'its options changed',
  danger: 'restart',
})
const started = (of: EngineStep): RunEvent => ({ type: 'step-started', step: of })
const done = (of: EngineStep): RunEvent => ({ type: 'step-done', step: of, durationMs: 1 })

function impactOf(...events: readonly RunEvent[]): string {
  const tally = new ChangeTally()
  for (const event of events) tally.add(event)
  return tally.impact()
}

test('completed and other steps are named, and a rerun continues', () => {
  const [first, second] = [step('etcd01'), step('etcd02')]
  const failed: RunEvent = { type: 'step-failed', step: second, message: 'no answer' }
  expect(impactOf(started(first), done(first), started(second), failed).split('\n')).toEqual([
    '1 step completed: etcd01: restart etcd.service',
    '1 step not completed: etcd02: restart etcd.service',
    expect.stringContaining('rerun'),
  ])
})

test('of many completed steps the last ones are named', () => {
  const steps = Array.from({ length: 12 }, (_, index) => step(`n${index}`, 'write'))
  expect(impactOf(...steps.flatMap((one) => [started(one), done(one)]))).toContain(
    '12 steps completed, the last: n9: write; n10: write; n11: write\n',
  )
})

test('a run that stopped before its first step, or has no steps, claims no more than is known', () => {
  expect(impactOf({ type: 'wave', steps: [step('etcd01')] })).toMatch(/^no step was started;/)
  expect(impactOf()).toMatch(/^part of the change may be done;/)
})

test('no text of a step makes a line of its own', () => {
  expect(impactOf(started(step('etcd01', 'x\n  fix: reboot'))).split('\n')).toHaveLength(2)
})
