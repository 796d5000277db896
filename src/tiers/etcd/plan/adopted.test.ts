/** Members that another tool set up, once they have the cluster ID file. */
import { expect, test } from 'vitest'
import { PATHS } from '../../../host/state.ts'
import { certificateNames } from './certificates.ts'
import { next } from './next.ts'
import { parsePin, renderPin } from '../facts/pin.ts'
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
const runBy = `by kubelet, from ${PATHS.kubeletManifest}`
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
  const kubelets = withMember(settledWorld(cluster), 'etcd02', withFile(PATHS.kubeletManifest, ''))
  const world = change(withMember(kubelets, 'etcd02', mark(runBy)))
  expect(reasonsOf(next(intent, world))).toEqual([
    {
      id: 'run-by-something-else',
      host: 'etcd02',
      message: expect.stringContaining(runBy) as string,
      hint: expect.stringContaining('status') as string,
      putsOff: true,
    },
  ])
})

/** A cluster of kubeadm's after it was adopted, without other changes. */
function kubeadms() {
  const marked = withMembers(settledWorld(cluster), mark(runBy))
  const units = withMembers(marked, ({ unit }) => ({
    unit: { ...unit, exists: false, active: 'inactive', enabled: false, environment: undefined, path: '' },
    listening: ['LISTEN 0 4096 *:2379 *:*'],
  }))
  const bare = withMembers(units, withFile(PATHS.environment, undefined))
  return withMembers(bare, withFile(PATHS.kubeletManifest, ''))
}

const GONE = withFile(PATHS.kubeletManifest, undefined)
const SILENT = { listening: [] }

test('a member whose manifest was moved away, and whose etcd has ended, is taken over; others are left alone', () => {
  expect(reasonsOf(next(intent, kubeadms())).length).toBe(3)
  const moved = withMember(kubeadms(), 'etcd02', GONE)
  expect(reasonsOf(next(intent, moved)).map(({ id }) => id)[1]).toBe('static-pod-still-runs')
  const { waves, blocked } = plan(intent, withMember(moved, 'etcd02', SILENT))
  const steps = waves.flat()
  expect(new Set(steps.map(({ host }) => host))).toEqual(new Set(['etcd02']))
  expect(steps.map(({ kind }) => kind)).toContain('start')
  // How to continue, and that the earlier steps stay useful.
  expect(blocked.map(({ host, putsOff }) => [host, putsOff])).toEqual([
    ['etcd01', true],
    ['etcd03', true],
  ])
  expect(blocked[0]?.hint).toContain(`mv ${PATHS.kubeletManifest} `)
})

test('no member demands a name of its peers that those of the kubelet do not have', () => {
  const twoTaken = withMember(kubeadms(), 'etcd03', GONE)
  const world = withMember(twoTaken, 'etcd03', SILENT)
  const { member } = settledWorld(cluster).hosts['etcd01'] ?? {}
  const taken = withMember(world, 'etcd01', () => ({ ...member }))
  const missing = [{ code: 'missing', message: 'is missing' }] as const
  const faults = Object.fromEntries(certificateNames(cluster).map((name) => [name, missing]))
  const certificates = { ...taken.certificates, etcd02: faults, etcd03: faults }
  const steps = plan(intent, { ...taken, certificates }).waves.flat()
  const options = steps.filter((step) => step.kind === 'file' && step.path === PATHS.environment)
  expect(options.map(({ host }) => host)).toEqual(['etcd03'])
  expect(JSON.stringify(options)).not.toContain('ETCD_PEER_CERT_ALLOWED_HOSTNAME')
})

test('where all were moved away all are taken over, and nothing is left to say', () => {
  const { waves, blocked } = plan(intent, withMembers(withMembers(kubeadms(), GONE), SILENT))
  expect(blocked).toEqual([])
  const started = waves.flat().filter(({ kind }) => kind === 'start')
  expect(started.map(({ host }) => host)).toEqual(['etcd01', 'etcd02', 'etcd03'])
})

test("one that another program runs stays so, whatever the kubelet's directory contains", () => {
  const podman = withMember(settledWorld(cluster), 'etcd02', mark('by podman'))
  expect(reasonsOf(next(intent, withMember(podman, 'etcd02', stopped))).length).toBe(1)
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
    chown: [data, cluster.etcd.walDirectory],
  })
  const down = withMember(owned, 'etcd02', stopped)
  const starts = stepsOf(next(intent, down))
  expect(glance(starts).join('\n')).toContain('start')
  expect(starts.find(({ kind }) => kind === 'start')).toMatchObject({
    chown: [data, cluster.etcd.walDirectory],
  })
})

test('a log within data that belongs to root is handed over with these, and not before', () => {
  const own = testCluster({}, { dataDirectory: '/var/lib/etcd', walDirectory: '/var/lib/etcd/member/wal' })
  const roots = { type: 'directory', owner: 'root', group: 'root', mode: '700' } as const
  const { dataDirectory: data, walDirectory: wal } = own.etcd
  const owned = withMember(settledWorld(own), 'etcd02', ({ paths, unit }) => ({
    paths: { ...paths, [data]: roots, [`${data}/member`]: roots, [wal]: roots },
    unit: { ...unit, environment: { ...unit.environment, ETCD_HEARTBEAT_INTERVAL: '111' } },
  }))
  const steps = plan(testIntent(own), owned).waves.flat()
  const folders = steps.flatMap((step) =>
    step.kind === 'directory' && step.path.startsWith(data) ? [step.path] : [],
  )
  expect(folders).toEqual([data])
  expect(steps.find(({ kind }) => kind === 'restart')).toMatchObject({ host: 'etcd02', chown: [data] })
})
