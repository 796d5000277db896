import { expect, test } from 'vitest'
import { sampleKubernetes } from '../spec/sample-kubernetes.ts'
import { containerdLooks } from '../tiers/containerd/looks.ts'
import { questions } from './gather.ts'
import { parseFacts } from './facts.ts'
import { judgeKubernetesNode } from './kubernetes-node.ts'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { judgePodNetworks } from './pod-network.ts'

const worker = node(3, { name: 'worker01', roles: ['worker'] })
const wanted = cluster({ nodes: [node(1), worker], kubernetes: sampleKubernetes() })

const FIT = ['cgroup 2 cpuset cpu memory pids', 'room 10000000 4096', 'reaches yes']

function judged(lines: readonly string[], of = worker) {
  const text = lines.map((line) => `node ${line}\n`).join('')
  const section = `section node 0 ${Buffer.from(text).toString('base64')}\n`
  const { kubernetes } = parseFacts(section, { unitPath: '', resolved: false })
  return judgeKubernetesNode(wanted, of, goodFacts({ kubernetes }))
}

test('only nodes that get a kubelet are asked, and judged', () => {
  const tier = { packages: () => [], looks: containerdLooks, ports: () => [] }
  const asked = (of: typeof worker) =>
    questions(wanted, of, new Map(), undefined, [tier]).filter((word) => word.startsWith('node:'))
  expect(asked(worker)).toEqual(['node:198.18.0.13,10.96.0.0,10248,10249,10250,10256'])
  expect(asked(node(1))).toEqual([])
  expect(judged(FIT, node(1))).toEqual([])
})

test('a machine that is suitable for a kubelet, one that could not be inspected, and one that is not', () => {
  expect(judged(FIT)).toMatchObject([{ id: 'kubernetes-node', result: 'ok' }])
  expect(judged([])).toMatchObject([{ id: 'kubernetes-node', result: 'warning' }])
  expect(judged([...FIT, 'swap /dev/sda2 1024', 'foreign /etc/k0s'])).toMatchObject([
    { host: 'worker01', id: 'swap', result: 'failure' },
    { host: 'worker01', id: 'other-kubernetes', result: 'failure', found: 'k0s is there: /etc/k0s' },
  ])
})

test('a kubelet would evict pods from a file system that is nearly full, however large it is', () => {
  const full = (blocks: number) => [
    ...FIT.filter((line) => !line.startsWith('room')),
    `room 10000000 4096 ${blocks}`,
  ]
  expect(judged(full(66_000_000))).toEqual(judged(FIT))
  expect(judged(full(67_000_000))).toMatchObject([{ id: 'container-room', result: 'failure' }])
})

test('room for images is needed until they are there', () => {
  const full = [...FIT.filter((line) => !line.startsWith('room')), 'room 1000 4096']
  expect(judged(full)).toMatchObject([{ id: 'container-room', result: 'failure' }])
  const server = 'server /etc/kubernetes/kubelet.conf https://198.18.0.1:6443'
  expect(judged([...full, server])).toMatchObject([{ result: 'ok' }])
})

/** The checks of the networks on a node with this route. */
function networks(destination: string): readonly string[] {
  const routes = [{ destination, gateway: undefined, device: 'eth0' }]
  const checks = judgePodNetworks(wanted, worker, goodFacts({ routes }))
  return checks.map(({ id, result }) => `${id} ${result}`)
}

test('the networks of pods and of Services are unused, but for the route that quorate gave the machine', () => {
  expect(networks('192.0.2.0/24')).toEqual(['pod-network ok', 'service-network ok'])
  expect(networks('10.96.0.0/12')).toEqual(['pod-network ok', 'service-network ok'])
  expect(networks('10.97.0.0/16')).toEqual(['pod-network ok', 'service-network failure'])
  expect(networks('10.244.7.0/24')).toEqual(['pod-network failure', 'service-network ok'])
})
