import { expect, test } from 'vitest'
import { type HostState, type MemberState, PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { renderPin } from '../facts/pin.ts'
import { type ResetIntent, planReset } from './reset.ts'
import { BARE_MEMBER } from './testing.ts'

const DATA = '/opt/etcd/data'
const WAL = '/opt/etcd/wal'
const cluster = {
  name: 'prod',
  nodes: ['a', 'b', 'c'].map((name) => ({ name, roles: ['etcd'] })),
  etcd: { dataDirectory: DATA, walDirectory: WAL },
} as unknown as Cluster

const intent: ResetIntent = { cluster, hosts: ['a', 'b', 'c'], purge: false, suffix: 'before-reset-T' }
const owned = { type: 'directory', owner: 'etcd', group: 'etcd', mode: '700' } as const

const running: MemberState = {
  ...BARE_MEMBER,
  paths: { [DATA]: owned, [WAL]: owned, [`${PATHS.tls}/`]: owned },
  dataPresent: true,
  walPresent: true,
  contents: {
    [PATHS.environment]: 'ETCD_INITIAL_CLUSTER_TOKEN=prod-1234\n',
    [PATHS.clusterId]: renderPin({ cluster: 'prod', clusterId: 'abc' }),
    [PATHS.unit]: '[Unit]\n',
  },
  unit: { ...BARE_MEMBER.unit, exists: true, active: 'active', enabled: true, path: PATHS.unit },
}
const foreign: MemberState = { ...BARE_MEMBER, paths: { [DATA]: owned }, dataPresent: true }

function hosts(members: Readonly<Record<string, MemberState>>): Record<string, HostState> {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, { name, member } as unknown as HostState]),
  )
}

function stepsOn(member: MemberState, change: Partial<ResetIntent> = {}) {
  const { steps, blocked } = planReset(
    { ...intent, ...change },
    hosts({ a: member, b: BARE_MEMBER, c: BARE_MEMBER }),
  )
  expect(blocked).toEqual([])
  return steps.map((step) => [step.kind, ...('paths' in step ? step.paths : [])])
}

test('a running member is stopped, its data renamed, its files removed, in this order', () => {
  expect(stepsOn(running)).toEqual([
    ['stop'],
    ['aside', DATA, WAL],
    ['aside', '/etc/ssl/etcd.d', PATHS.tls],
    ['remove', PATHS.unit, PATHS.environment, PATHS.clusterId],
    ['reload'],
  ])
})

test('purge removes what would be renamed', () => {
  const kinds = stepsOn(running, { purge: true })
  expect(kinds).toContainEqual(['remove', DATA, WAL])
  expect(kinds.flat()).not.toContain('aside')
})

test('machines with nothing of etcd on them have nothing to reset', () => {
  expect(planReset(intent, hosts({ a: BARE_MEMBER, b: BARE_MEMBER, c: BARE_MEMBER }))).toEqual({
    steps: [],
    blocked: [],
  })
})

test('what an interrupted reset left is finished by the next', () => {
  const stopped = { ...running, unit: { ...running.unit, active: 'inactive', enabled: false } }
  const moved = { ...stopped, dataPresent: false, walPresent: false, paths: {} }
  expect(stepsOn(moved)).toEqual([['remove', PATHS.unit, PATHS.environment, PATHS.clusterId], ['reload']])
})

test('a single member of the cluster is not reset, whether it runs or has lost its data', () => {
  const single = { ...intent, hosts: ['a'] }
  const lost = { ...running, dataPresent: false, walPresent: false, unit: BARE_MEMBER.unit }
  for (const member of [running, lost]) {
    const { steps, blocked } = planReset(single, hosts({ a: member }))
    expect(steps).toEqual([])
    expect(blocked).toMatchObject([{ host: 'a', message: expect.stringContaining("'prod'") }])
  }
})

test("another cluster's data on a single node is renamed, and not removed even when purging", () => {
  for (const purge of [false, true]) {
    expect(stepsOn(foreign, { hosts: ['a'], purge })).toEqual([['aside', DATA]])
  }
})

test('an etcd that quorate did not set up is never stopped', () => {
  const strange = {
    ...foreign,
    unit: { ...BARE_MEMBER.unit, exists: true, active: 'active', path: '/lib/etcd.service' },
  }
  const { steps, blocked } = planReset(intent, hosts({ a: running, b: strange, c: running }))
  expect(steps).toEqual([])
  expect(blocked).toMatchObject([{ host: 'b', message: expect.stringContaining('/lib/etcd.service') }])
  expect(blocked[0]?.id).toBe('another-etcd-runs')
})

test("a node that is pinned to another cluster is left to that cluster's file", () => {
  const other = {
    ...running,
    contents: { [PATHS.clusterId]: renderPin({ cluster: 'other', clusterId: 'd' }) },
  }
  const { blocked } = planReset(intent, hosts({ a: other, b: BARE_MEMBER, c: BARE_MEMBER }))
  expect(blocked).toMatchObject([
    { id: 'node-of-another-cluster', host: 'a', message: expect.stringContaining("'other'") },
  ])
})
