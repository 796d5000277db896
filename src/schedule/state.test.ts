import { expect, test } from 'vitest'
import { renderMetrics } from './metrics.ts'
import { startedRun, endedRun, parseState, renderState } from './state.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 3, minute))
const backup = { name: 'prod-20261122T030100Z-r42.bundle.age', revision: '42', sizeBytes: 1000 }

test('a success, a failure and a success again: nothing of what counts is lost on the way', () => {
  const first = endedRun(
    startedRun(undefined, 'prod', at(0)),
    { lastSuccess: at(1).toISOString(), backup, stored: 1 },
    at(1),
  )
  expect(first).toMatchObject({ runs: 1, failures: 0, durationMs: 60_000, backup })

  const second = endedRun(startedRun(first, 'prod', at(10)), { problem: 'ENOSPC' }, at(12))
  expect(second).toMatchObject({ runs: 2, failures: 1, problem: 'ENOSPC', backup, stored: 1 })
  expect(second.lastSuccess).toBe(first.lastSuccess)
  expect(parseState(renderState(second))).toEqual(second)

  const third = endedRun(startedRun(second, 'prod', at(20)), { lastSuccess: at(21).toISOString() }, at(21))
  expect(third).toMatchObject({ runs: 3, failures: 1, lastSuccess: at(21).toISOString() })
  expect(third.problem).toBeUndefined()
})

test('while a run lasts, the previous failure is still reported', () => {
  const failed = endedRun(startedRun(undefined, 'prod', at(0)), { problem: 'no way' }, at(1))
  const running = startedRun(failed, 'prod', at(2))
  expect(running).toMatchObject({ problem: 'no way', lastRun: at(2).toISOString() })
  expect(running.durationMs).toBeUndefined()
})

test('a state that was cut off, or that another version wrote, is as none', () => {
  const whole = renderState(startedRun(undefined, 'prod', at(0)))
  expect(parseState(whole)).toBeDefined()
  expect(parseState(whole.slice(0, 20))).toBeUndefined()
  expect(parseState(whole.replace('"format": 1', '"format": 2'))).toBeUndefined()
  expect(parseState(undefined)).toBeUndefined()
})

test('metrics have what is known, and leave out what is not', () => {
  const started = renderMetrics(startedRun(undefined, 'prod', at(0)))
  expect(started).toContain(
    '# TYPE quorate_backup_runs_total counter\nquorate_backup_runs_total{cluster="prod"} 1\n',
  )
  expect(started).not.toContain('last_success')
  const outcome = { lastSuccess: at(1).toISOString(), backup, problem: 'an old one stays' }
  const ended = renderMetrics(endedRun(startedRun(undefined, 'prod', at(0)), outcome, at(1)))
  const values = ended.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(values).toEqual([
    'quorate_backup_last_run_timestamp_seconds{cluster="prod"} 1795316400',
    'quorate_backup_last_run_failed{cluster="prod"} 1',
    'quorate_backup_last_success_timestamp_seconds{cluster="prod"} 1795316460',
    'quorate_backup_size_bytes{cluster="prod"} 1000',
    'quorate_backup_revision{cluster="prod"} 42',
    'quorate_backup_duration_seconds{cluster="prod"} 60',
    'quorate_backup_runs_total{cluster="prod"} 1',
    'quorate_backup_failures_total{cluster="prod"} 1',
  ])
})
