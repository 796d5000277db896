/** What a restore is decided to be, and what prevents its start. */
import { expect, test } from 'vitest'
import type { QuorateError } from '../../errors.ts'
import { predict } from '../../tiers/etcd/steps/predict.ts'
import { CLUSTER_ID, bareWorld, settledWorld, testCluster } from '../../tiers/etcd/plan/testing.ts'
import { type RestoreFacts, type RestoreRequest, decideRestore } from './decide.ts'

const cluster = testCluster()
const DISK_BYTES = 10 * 1024 ** 3
const { dataDirectory } = cluster.etcd

const request: RestoreRequest = {
  cluster,
  opened: {
    name: 'a.bundle',
    about: {
      cluster: cluster.name,
      clusterId: CLUSTER_ID,
      etcdVersion: cluster.etcd.version,
      takenAt: '2026-01-01T00:00:00Z',
      member: 'etcd01',
    } as RestoreRequest['opened']['about'],
    snapshotFile: '/tmp/a.db',
    sizeBytes: 1024,
  },
  otherCluster: false,
  without: [],
  command: 'quorate restore a.bundle',
  fresh: { token: 'sample-00000000000000aa', suffix: 'before-restore-1', sha256: 'aa', source: 'a.bundle' },
}

test('decided twice, it is the same restore', () => {
  const first = decideRestore(request, facts())
  expect(decideRestore(request, facts()).intent).toEqual(first.intent)
  expect(first).toMatchObject({ continued: false, intent: { restore: { token: request.fresh.token } } })
})

test('a started one is continued, whatever was chosen for another', () => {
  const { plan } = decideRestore(request, facts())
  const started = plan.waves
    .slice(0, 2)
    .flat()
    .reduce((state, step) => predict(cluster, state, step), settledWorld(cluster))
  const again = { ...request, fresh: { ...request.fresh, token: 'sample-bb', suffix: 'before-restore-2' } }
  const decision = decideRestore(again, { ...facts(), observed: started })
  expect(decision).toMatchObject({ continued: true, intent: { restore: { token: request.fresh.token } } })
  expect(decision.plan.waves.length).toBe(plan.waves.length - 2)
})

test('a snapshot of another cluster is refused, unless it is allowed', () => {
  const { about } = request.opened
  const other = {
    ...request,
    opened: { ...request.opened, about: about && { ...about, clusterId: 'abc' } },
  }
  expect(refusal(other, facts())).toMatchObject({ code: 'backup' })
  expect(decideRestore({ ...other, otherCluster: true }, facts()).plan.blocked).toEqual([])
  // Nodes without a cluster don't contradict the request.
  expect(decideRestore(other, { ...facts(), observed: bareWorld(cluster) }).plan.blocked).toEqual([])
})

test('a disk that is too small is named, as long as the snapshot is to come there', () => {
  expect(refusal(request, facts({ etcd02: 1024 }))).toMatchObject({ code: 'blocked', host: 'etcd02' })
  const staged = decideRestore(request, facts())
    .plan.waves.slice(0, 1)
    .flat()
    .reduce((state, step) => predict(cluster, state, step), settledWorld(cluster))
  const later = { ...facts({ etcd02: 1024 }), observed: staged }
  expect(decideRestore(request, later).continued).toBe(true)
})

function facts(freeBytes: Readonly<Record<string, number>> = {}): RestoreFacts {
  const room = cluster.nodes.map(({ name: host }) => ({
    host,
    freeBytes: freeBytes[host] ?? DISK_BYTES,
    mount: '/',
    path: dataDirectory,
  }))
  return { observed: settledWorld(cluster), surroundings: { etcdClients: [], room } }
}

function refusal(...decided: Parameters<typeof decideRestore>): QuorateError | undefined {
  try {
    decideRestore(...decided)
    return undefined
  } catch (error) {
    return error as QuorateError
  }
}
