import { expect, test } from 'vitest'
import { hostKind } from './kinds.ts'
import type { HostStep } from './steps.ts'

const firstStart = { dataDirectory: '/opt/etcd/data', walDirectory: '/opt/etcd/wal' }
const common = { host: 'etcd01', what: 'what', why: 'why', danger: 'none' } as const
const OPEN = ['ground_open', { wal: '/opt/etcd/wal' }]
const CLOSE = ['ground_close', { data: '/opt/etcd/data', wal: '/opt/etcd/wal' }]
const unit = 'etcd.service'

const compiled = (step: HostStep) =>
  hostKind(step).operations(step, { artifact: undefined, certificates: {}, bundle: undefined })

test('a first start: starting the member, or only waiting for it, opens the parent directory of the log', () => {
  const start = ['start', { unit, delay: '0.00', folders: [] }]
  expect(compiled({ ...common, kind: 'start', turn: 0, firstStart })).toEqual([OPEN, start])
  const ready = ['ready', { unit, seconds: '60' }]
  expect(compiled({ ...common, kind: 'ready', firstStart })).toEqual([OPEN, ready, CLOSE])
  const restart = ['restart', { unit, seconds: '60', folders: [] }]
  expect(compiled({ ...common, kind: 'restart', danger: 'restart', firstStart })).toEqual([
    OPEN,
    restart,
    CLOSE,
  ])
})

test.each<HostStep>([
  { ...common, kind: 'start', turn: 0 },
  { ...common, kind: 'ready' },
  { ...common, kind: 'restart', danger: 'restart' },
])('$kind of a member with a log leaves the folder above it alone', (step) => {
  expect(compiled(step).map(([name]) => name)).toEqual([step.kind])
})
