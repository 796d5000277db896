import { expect, test } from 'vitest'
import type { HostStep } from '../tiers/etcd/steps/steps.ts'
import type { RunEvent } from './events.ts'
import { HostProgress } from './progress.ts'

const stage: HostStep = {
  kind: 'restore-stage',
  host: 'etcd01',
  restore: { token: 't', suffix: 's', sha256: 'aa', source: 'b', members: 'm' },
  snapshotFile: '/snapshot.db',
  sizeBytes: 1000,
  dataDirectory: '/data',
  walDirectory: '/wal',
  member: 'etcd01',
  peerUrl: 'https://192.0.2.1:2380',
  options: [],
  what: 'restore',
  why: 'it is wanted',
  danger: 'none',
}

test('how much of a snapshot was sent is told with each hundredth, until work on it begins', () => {
  const events: RunEvent[] = []
  const supplies = { artifact: undefined, certificates: {}, bundle: undefined }
  const progress = new HostProgress('etcd01', [stage], supplies, (event) => void events.push(event))
  for (const bytes of [4, 10, 19, 500]) progress.sent(bytes)
  progress.done(-1)
  progress.sent(1000)
  const told = events.map((event) => (event.type === 'sending' ? (event.doneBytes ?? 'all') : event.type))
  expect(told).toEqual(['all', 10, 500, 'step-started'])
})
