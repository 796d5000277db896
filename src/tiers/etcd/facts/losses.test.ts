import { expect, test } from 'vitest'
import type { Observed } from './observed.ts'
import { judgeSituation } from './situation.ts'
import {
  healthyCluster,
  reasonsOf,
  settledWorld,
  stopped,
  testCluster,
  testIntent,
  withMember,
  withMembers,
} from '../plan/testing.ts'

const cluster = testCluster()
const LOST = { dataPresent: false, walPresent: false }
const hints = (observed: Observed) =>
  reasonsOf(judgeSituation(testIntent(cluster), observed)).map(
    ({ host, hint }) => `${host ?? 'all'}: ${hint}`,
  )

/** These lost their data, and are down; the others answer, or are stopped too. */
function without(names: readonly string[], others: 'serving' | 'stopped'): Observed {
  const world = settledWorld(cluster)
  const healthy = ['etcd01', 'etcd02', 'etcd03'].filter((name) => !names.includes(name))
  const base =
    others === 'serving'
      ? { ...world, cluster: healthyCluster(cluster, { healthy }) }
      : { ...withMembers(world, stopped), cluster: undefined }
  return names.reduce(
    (seen, name) => withMember(seen, name, (member) => ({ ...stopped(member), ...LOST })),
    base,
  )
}

test('one of three has lost its data: repair, while the others are a quorum', () => {
  expect(hints(without(['etcd03'], 'serving'))).toEqual([
    expect.stringMatching(/^etcd03: .*; .*quorate repair etcd03$/),
  ])
})

test('one of three has lost its data and the others are stopped: they come first', () => {
  expect(hints(without(['etcd03'], 'stopped'))).toEqual([
    expect.stringMatching(/^etcd03: .*etcd01, etcd02 are stopped .*quorate start --all$/),
  ])
})

test('two of three have lost their data: recover is named, never repair', () => {
  const told = hints(without(['etcd02', 'etcd03'], 'stopped'))
  expect(told).toHaveLength(2)
  for (const hint of told) expect(hint).toMatch(/: quorate recover$/)
  expect(told.join()).not.toContain('quorate repair')
})

test('members that serve from deleted files are not stopped: their data is saved first', () => {
  const world = ['etcd02', 'etcd03'].reduce(
    (seen, name) => withMember(seen, name, LOST),
    settledWorld(cluster),
  )
  for (const hint of hints(world)) expect(hint).toMatch(/quorate etcdctl etcd01 -- snapshot save FILE$/)
})
