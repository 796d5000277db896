import { expect, test } from 'vitest'
import { judgeFlushes, percentile } from './flush.ts'
import { goodFacts, node } from './machine.fixture.ts'

const judged = (latenciesMs: readonly number[], trouble?: string) =>
  judgeFlushes(node(1), goodFacts({ flushes: { latenciesMs, trouble } }), '/opt/etcd/wal')

const many = (value: number, ...last: number[]) => [
  ...Array.from({ length: 50 - last.length }, () => value),
  ...last,
]

test('a fast disk is fine', () => {
  expect(judged(many(0.5, 9.9))).toMatchObject({
    result: 'ok',
    found: 'p99 9.9 ms, median 0.50 ms, 50 writes',
  })
})

test('a p99 above 10 ms is a warning, half of all above a heartbeat stands in the way', () => {
  expect(judged(many(0.5, 10.1))?.result).toBe('warning')
  expect(judged(many(99, 500))?.result).toBe('warning')
  expect(judged(many(101))?.result).toBe('failure')
})

test('a disk that takes no write stands in the way, with its own words', () => {
  expect(judged([], 'mktemp: Read-only file system')).toMatchObject({
    result: 'failure',
    found: 'mktemp: Read-only file system',
  })
  expect(judged([])?.found).toContain(' 2 s')
  expect(judged([0.4], 'dd: No space left on device')?.result).toBe('failure')
})

test('percentiles are by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect([percentile(hundred, 0.99), percentile(hundred, 0.5), percentile([7], 0.99)]).toEqual([99, 50, 7])
})
