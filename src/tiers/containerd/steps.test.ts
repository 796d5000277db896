import { expect, test } from 'vitest'
import { type ServiceStep, predictService } from '../../engine/service-steps.ts'
import type { Hosts } from '../../engine/tier.ts'
import type { HostState } from '../../host/state.ts'
import { SETTINGS_FILE, bareHost, sampleCluster } from './containerd.fixture.ts'
import { CONTAINERD, SERVICE_ROUTE } from './files.ts'
import { containerdReset } from './reset.ts'
import { containerdSteps } from './steps.ts'
import { containerd } from './tier.ts'

const cluster = sampleCluster()
const NODES = ['master01', 'master02', 'worker01', 'worker02', 'worker03']

/** The state after all of these. */
function afterwards(host: HostState, steps: readonly ServiceStep[]): HostState {
  return steps.reduce(
    (before, step) => ({ ...before, services: predictService(before.services, step) }),
    host,
  )
}

function onlyWorker(host: HostState): Hosts {
  return { worker01: host }
}

const shown = (hosts: Hosts, wanted = cluster) =>
  containerdSteps(wanted, hosts).map((step) => `${step.kind} ${'unit' in step ? step.unit : ''}`.trim())

test('every master and worker is prepared at once, and no other machine', () => {
  const all = Object.fromEntries(['etcd01', ...NODES].map((name) => [name, bareHost(name)]))
  expect([...new Set(containerdSteps(cluster, all).map(({ host }) => host))]).toEqual(NODES)
  const { kubernetes: _none, ...without } = cluster
  expect(containerdSteps(without, all)).toEqual([])
  const packed = cluster.nodes.filter((node) => containerd.packages(cluster, node).length > 0)
  expect(packed.map(({ name }) => name)).toEqual(NODES)
})

test('a bare machine gets all of it, images once containerd runs, and then nothing is left to be done', () => {
  const host = bareHost('worker01')
  const steps = containerdSteps(cluster, onlyWorker(host))
  expect(shown(onlyWorker(host))).toEqual([
    'kernel',
    'service-file containerd.service',
    'service-load containerd.service',
    'program',
    'image',
  ])
  const after = afterwards(host, steps)
  expect(containerdSteps(cluster, onlyWorker(after))).toEqual([])
  expect(containerd.settled(cluster, onlyWorker(after))).toBe(true)
  expect(containerd.settled(cluster, onlyWorker(host))).toBe(false)
})

const prepared = afterwards(bareHost('worker01'), containerdSteps(cluster, onlyWorker(bareHost('worker01'))))
const changed = (change: (services: NonNullable<HostState['services']>) => object) => {
  const { services } = prepared
  if (services === undefined) throw new TypeError('nothing was predicted')
  return onlyWorker({ ...prepared, services: { ...services, ...change(services) } })
}

test.each<[string, Hosts, string[]]>([
  [
    'a setting of the kernel that was changed by hand',
    changed(({ kernel }) => ({
      kernel: { ...kernel, settings: { ...kernel?.settings, 'net.ipv4.ip_forward': '0' } },
    })),
    ['kernel'],
  ],
  [
    'a setting that would not come back at boot',
    changed(({ kernel }) => ({ kernel: { ...kernel, files: {} } })),
    ['kernel'],
  ],
  [
    'a configuration that was changed by hand',
    changed(({ files, units }) => ({
      units,
      files: {
        ...files,
        [CONTAINERD.configuration]: { ...files[CONTAINERD.configuration], text: 'version = 1' },
      },
    })),
    ['service-file containerd.service', 'service-load containerd.service'],
  ],
  [
    'a run that was cut off before containerd had read its configuration',
    changed(({ units }) => ({ units: { [CONTAINERD.unit]: { ...units[CONTAINERD.unit], loading: true } } })),
    ['service-load containerd.service'],
  ],
  [
    'a containerd that was stopped',
    changed(({ units }) => ({
      units: { [CONTAINERD.unit]: { ...units[CONTAINERD.unit], active: 'failed' } },
    })),
    ['service-load containerd.service'],
  ],
  [
    'a program that is not the one that was installed',
    changed(({ programs }) => ({
      programs: {
        ...programs,
        files: {
          ...programs?.files,
          '/opt/quorate/kubernetes/1.37.2/kubelet': { sha256: undefined, version: undefined },
        },
      },
    })),
    ['program'],
  ],
  [
    'a link that leads elsewhere',
    changed(({ programs }) => ({
      programs: {
        ...programs,
        links: { ...programs?.links, '/usr/local/bin/kubectl': '/opt/quorate/kubernetes/1.36.3/kubectl' },
      },
    })),
    ['program'],
  ],
])('%s is put right, and nothing else is touched', (_what, hosts, wanted) => {
  expect(shown(hosts)).toEqual(wanted)
})

test('only images that are missing are imported; a worker needs none of the control plane', () => {
  const [image] = Object.keys(prepared.services?.images ?? {})
  const steps = containerdSteps(
    cluster,
    changed(({ images }) => ({
      images: Object.fromEntries(Object.entries(images ?? {}).filter(([name]) => name !== image)),
    })),
  )
  expect(steps.map((step) => (step.kind === 'image' ? Object.keys(step.images) : step.kind))).toEqual([
    [image],
  ])
  const names = Object.keys(prepared.services?.images ?? {})
  expect(names.filter((name) => name.includes('apiserver'))).toEqual([])
})

test('what a machine has more of than is needed stays, and is not lowered at its next boot', () => {
  const kernel = containerdSteps(cluster, onlyWorker(bareHost('worker01'))).find(
    ({ kind }) => kind === 'kernel',
  )
  expect(kernel).toMatchObject({ settings: { 'fs.inotify.max_user_watches': '65536' } })
  expect(kernel).not.toMatchObject({ settings: { 'fs.inotify.max_user_instances': expect.anything() } })
  expect(prepared.services?.kernel?.files[SETTINGS_FILE]).not.toContain('max_user_instances')
})

test('a machine without a route to Services gets one, which stays although it is not missing any more', () => {
  const lost = bareHost('worker01', { reachesServices: false })
  const steps = containerdSteps(cluster, onlyWorker(lost))
  expect(steps.filter((step) => 'unit' in step && step.unit === SERVICE_ROUTE.unit)).toMatchObject([
    {
      kind: 'service-file',
      content: expect.stringContaining('replace 10.96.0.0/12 dev eth0 src 198.18.7.31\n'),
    },
    { kind: 'service-load', restarts: true },
  ])
  const after = afterwards(lost, steps)
  const { services } = after
  if (services?.node === undefined) throw new TypeError('nothing was predicted')
  expect(containerdSteps(cluster, onlyWorker(after))).toEqual([])
  // Removed by hand.
  const bare = { ...after, services: { ...services, node: { ...services.node, reachesServices: false } } }
  expect(shown(onlyWorker(bare))).toEqual([`service-load ${SERVICE_ROUTE.unit}`])
})

test('reset takes away what was made, and what another cluster has there stays', () => {
  const steps = containerdReset(cluster, prepared, 'before-T')
  expect(steps.map(({ kind }) => kind)).toEqual(['service-remove', 'node-remove'])
  const after = afterwards(prepared, steps)
  expect(containerdReset(cluster, after, 'before-T')).toEqual([])
  expect(after.services?.files).toEqual({})
  expect(containerdReset({ ...cluster, name: 'other' }, prepared, 'before-T')).not.toMatchObject([
    { kind: 'service-remove' },
  ])
})
