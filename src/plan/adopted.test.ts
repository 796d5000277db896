/** Members that something else set up, once they carry the mark. */
import { expect, test } from 'vitest'
import { PATHS } from '../host/state.ts'
import { next } from './next.ts'
import { parsePin, renderPin } from './pin.ts'
import { plan } from './plan.ts'
import { planReset } from './reset.ts'
import {
  CLUSTER_ID,
  glance,
  reasonsOf,
  settledWorld,
  stepsOf,
  stopped,
  testCluster,
  testIntent,
  withFile,
  withMember,
  withMembers,
} from './testing.ts'

const cluster = testCluster()
const intent = testIntent(cluster)
const runBy = 'by the kubelet, from /etc/kubernetes/manifests/etcd.yaml'
const mark = (by?: string) =>
  withFile(PATHS.clusterId, renderPin({ cluster: cluster.name, clusterId: CLUSTER_ID, runBy: by }))

test('the mark says who runs it', () => {
  const pin = { cluster: 'prod', clusterId: 'ab12', runBy }
  expect(parsePin(renderPin(pin))).toEqual(pin)
  expect(parsePin(renderPin({ cluster: 'prod', clusterId: 'ab12' }))).toEqual({
    cluster: 'prod',
    clusterId: 'ab12',
  })
})

test.each([
  ['while it runs', (world: ReturnType<typeof settledWorld>) => world],
  ['while it is down', (world: ReturnType<typeof settledWorld>) => withMember(world, 'etcd02', stopped)],
])('what something else runs is left alone %s', (_when, change) => {
  const world = change(withMember(settledWorld(cluster), 'etcd02', mark(runBy)))
  const message = `its etcd is run ${runBy}, and was adopted so: nothing is changed on this machine`
  expect(reasonsOf(next(intent, world))).toEqual([
    { host: 'etcd02', message, hint: expect.stringContaining('status') as string },
  ])
})

test('nor is it reset', () => {
  const world = withMember(settledWorld(cluster), 'etcd02', mark(runBy))
  const hosts = cluster.nodes.map(({ name }) => name)
  const { steps, blocked } = planReset({ cluster, hosts, purge: false, suffix: 'x' }, world.hosts)
  expect(steps).toEqual([])
  expect(blocked.map(({ host }) => host)).toEqual(['etcd02'])
})

test('the unit of a package is overruled, not shunned', () => {
  const packaged = withMembers(settledWorld(cluster), ({ unit }) => ({
    unit: { ...unit, path: '/lib/systemd/system/etcd.service' },
  }))
  expect(plan(intent, packaged).blocked).toEqual([])
  const strangers = withMembers(packaged, withFile(PATHS.clusterId, undefined))
  const others = withMembers(strangers, withFile(PATHS.environment, 'ETCD_INITIAL_CLUSTER_TOKEN=another\n'))
  expect(reasonsOf(next(intent, others)).length).toBe(3)
})

test('data that belongs to root is handed over with the restart, and with a start', () => {
  const data = cluster.etcd.dataDirectory
  const owned = withMember(settledWorld(cluster), 'etcd02', ({ paths, unit }) => ({
    paths: { ...paths, [`${data}/member`]: { type: 'directory', owner: 'root', group: 'root', mode: '700' } },
    unit: { ...unit, environment: { ...unit.environment, ETCD_HEARTBEAT_INTERVAL: '777' } },
  }))
  const all = plan(intent, owned).waves.flat()
  expect(all.find(({ kind }) => kind === 'restart')).toMatchObject({
    host: 'etcd02',
    handOver: [data, cluster.etcd.walDirectory],
  })
  const down = withMember(owned, 'etcd02', stopped)
  const starts = stepsOf(next(intent, down))
  expect(glance(starts).join('\n')).toContain('start')
  expect(starts.find(({ kind }) => kind === 'start')).toMatchObject({
    handOver: [data, cluster.etcd.walDirectory],
  })
})
