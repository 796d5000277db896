import { expect, test } from 'vitest'
import { standingOf } from '../facts/standing.ts'
import type { Observed } from '../facts/observed.ts'
import { settledWorld, testCluster } from '../plan/testing.ts'
import { hostKind } from './kinds.ts'
import type { StartMemberStep, StopMemberStep } from './power.ts'
import type { RestartStep } from './unit.ts'

const cluster = testCluster()
const common = { host: 'etcd03', what: 'what', why: 'why' } as const
const stop: StopMemberStep = { ...common, kind: 'stop-member', danger: 'restart' }
const start: StartMemberStep = { ...common, kind: 'start-member', danger: 'none' }
const restart: RestartStep = { ...common, kind: 'restart', danger: 'restart' }
const NOTHING = { artifact: undefined, certificates: {}, bundle: undefined }
const unit = 'etcd.service'

const compiled = (step: StopMemberStep | StartMemberStep | RestartStep) =>
  hostKind(step).operations(step, { ...NOTHING, now: new Date('2030-01-07T21:03:11Z') })
const third = (observed: Observed) =>
  standingOf(cluster, observed).members.find(({ name }) => name === 'etcd03')

test('a stop leaves its mark first, with the time', () => {
  const [mark, stopped] = compiled(stop)
  expect(mark?.[1]).toMatchObject({ content: { text: 'since=2030-01-07T21:03:11.000Z\n' }, mode: '600' })
  expect(stopped).toEqual(['stop', { unit }])
  expect(() => hostKind(stop).operations(stop, NOTHING)).toThrow(TypeError)
})

test('if too few run for a quorum, a start is not waited for', () => {
  expect(compiled(start).map(([name]) => name)).toEqual(['enable', 'start', 'ready'])
  expect(compiled({ ...start, unawaited: true }).map(([name]) => name)).toEqual(['enable', 'start'])
  expect(compiled(restart)).toEqual([['restart', { unit, seconds: '60', folders: [] }]])
  expect(compiled({ ...restart, unawaited: true })).toEqual([
    ['restart', { unit, seconds: '0', folders: [] }],
  ])
})

test('what is foreseen: off and marked, answering no more; then all as it was', () => {
  const before = settledWorld(cluster)
  const off = hostKind(stop).predict(cluster, before, stop)
  expect(third(off)).toMatchObject({
    markedStopped: true,
    healthy: false,
    unit: { active: 'inactive', enabled: false, mainPid: 0 },
  })
  expect(standingOf(cluster, off).healthyVoters).toBe(2)
  const on = hostKind(start).predict(cluster, off, start)
  expect(third(on)).toMatchObject({ markedStopped: false, healthy: true })
  expect(third(on)?.unit).toMatchObject({ active: 'active', enabled: true })
})
