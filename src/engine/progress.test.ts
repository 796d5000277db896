import { expect, test } from 'vitest'
import type { RunEvent } from './events.ts'
import { HostProgress } from './progress.ts'

const unpacking = {
  kind: 'restore-stage',
  host: 'etcd01',
  what: 'restore',
  why: 'it is wanted',
  danger: 'none',
} as const

test('the progress of a snapshot is reported with each hundredth, until work on it starts', () => {
  const events: RunEvent[] = []
  const work = { operations: [[]], sendings: [{ bytes: 1000, what: 'the snapshot' }] }
  const progress = new HostProgress('etcd01', [unpacking], work, (event) => void events.push(event))
  for (const bytes of [4, 10, 19, 500]) progress.sent(bytes)
  progress.done(-1)
  progress.sent(1000)
  const reported = events.map((event) => (event.type === 'sending' ? (event.doneBytes ?? 'all') : event.type))
  expect(reported).toEqual(['all', 10, 500, 'step-started'])
})
