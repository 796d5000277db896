import { expect, test } from 'vitest'
import type { NodeFacts } from '../../host/node-facts.ts'
import type { HostState } from '../../host/state.ts'
import { FILE, bareHost, sampleCluster } from './containerd.fixture.ts'
import { CONTAINERD, signature } from './files.ts'
import { containerdRefusals } from './refusals.ts'

const cluster = sampleCluster()

function refused(host: HostState, wanted = cluster) {
  return containerdRefusals(wanted, { [host.name]: host }).map(
    ({ host: where, id, message, hint }) => `${where}: ${message} -> ${hint} [${id}]`,
  )
}

test('a machine that is fit is not refused', () => {
  expect(refused(bareHost('worker01'))).toEqual([])
})

const SWAP = { swap: [{ device: '/dev/sda2', kib: 1_048_576 }] }
const V1 = { cgroup: { version: 1, controllers: ['cpu', 'cpuset', 'memory', 'pids'] } } as const

test.each<[string, Partial<NodeFacts>, RegExp]>([
  ['swap', SWAP, /^worker01: .* \/dev\/sda2 .*swapoff -a.* \[swap\]$/],
  [
    'control groups of version 1',
    V1,
    / version 1, .* kubelet 1\.37\.2 .*failCgroupV1: false.* \[cgroup-version\]$/,
  ],
  [
    'control groups that do not limit memory',
    { cgroup: { version: 2, controllers: ['cpu', 'cpuset', 'pids'] } },
    / lack memory .*cgroup_enable=memory.* \[cgroup-controllers\]$/,
  ],
  [
    'k3s',
    { foreign: ['/usr/local/bin/k3s', '/etc/rancher/k3s'] },
    / k3s .* \/usr\/local\/bin\/k3s .*k3s-uninstall.* \[other-kubernetes\]$/,
  ],
  [
    'a kubelet of a package',
    { foreign: ['/usr/bin/kubelet'] },
    / kubelet .* \/usr\/bin\/kubelet .* package.* \[other-kubernetes\]$/,
  ],
  [
    "Docker's containerd",
    { foreign: ['containerd.io'] },
    /Docker's containerd .*apt-get remove containerd\.io.* \[other-kubernetes\]$/,
  ],
  [
    'a port',
    { listeners: [{ port: 10_250, program: 'nc' }] },
    /: nc .* port 10250, .* kubelet .* \[node-ports\]$/,
  ],
  [
    'a full disk',
    { room: { freeBytes: 1e8 } },
    /: 95\.4 MiB .* \/var\/lib\/containerd .* 1\.86 GiB .* \[container-room\]$/,
  ],
])('%s is refused once, with what to do', (_what, facts, said) => {
  const reasons = refused(bareHost('worker01', facts))
  expect(reasons).toHaveLength(1)
  expect(reasons[0]).toMatch(said)
})

test('the cluster file may allow swap and control groups of version 1', () => {
  const kubelet = { configuration: { failSwapOn: false, failCgroupV1: false } }
  expect(refused(bareHost('worker01', { ...SWAP, ...V1 }), sampleCluster({ kubelet }))).toEqual([])
  expect(refused(bareHost('worker01', V1), sampleCluster({ version: '1.34.4' }))).toEqual([])
})

test("a worker's kubelet does not mind who listens where an API server would, and a kubelet may be there", () => {
  const listeners = [
    { port: 6443, program: 'haproxy' },
    { port: 10_250, program: 'kubelet' },
  ]
  expect(refused(bareHost('worker01', { listeners }))).toEqual([])
  expect(refused(bareHost('master01', { listeners }))).toEqual([
    expect.stringMatching(/^master01: haproxy .* 6443.* \[node-ports\]$/),
  ])
})

test('a disk may be full once the images are there', () => {
  const host = bareHost('worker01', { room: { freeBytes: 1e8 } })
  const images = { get: () => 'sha256:ab' }
  const all = new Proxy({}, images)
  expect(refused({ ...host, services: { ...host.services, images: all } as HostState['services'] })).toEqual(
    [],
  )
})

const withConfiguration = (file: Partial<typeof FILE>): HostState => {
  const host = bareHost('worker01')
  const files = { [CONTAINERD.configuration]: { ...FILE, ...file } }
  return { ...host, services: { ...host.services, files } as HostState['services'] }
}

test("another tool's configuration is not overwritten; the package's, or quorate's, is", () => {
  expect(refused(withConfiguration({ text: 'version = 2\n' }))).toEqual([
    expect.stringMatching(/^worker01: .*mv \/etc\/containerd\/config\.toml.* \[file-of-another-tool\]$/),
  ])
  expect(refused(withConfiguration({ text: `${signature('other')}\n` }))).toEqual([
    expect.stringMatching(/^worker01: .* other,.* \[file-of-another-tool\]$/),
  ])
  expect(refused(withConfiguration({ text: 'version = 2\n', untouched: true }))).toEqual([])
  expect(refused(withConfiguration({ text: `${signature('sample')}\n` }))).toEqual([])
})
