import { expect, test } from 'vitest'
import { parseNodeFacts } from './node-facts.ts'

test('what was not said is not known', () => {
  expect(parseNodeFacts([])).toBeUndefined()
  expect(parseNodeFacts(['container lxc'])).toEqual({
    swap: [],
    cgroup: undefined,
    container: 'lxc',
    sysResource: undefined,
    reachesServices: undefined,
    device: undefined,
    resolver: undefined,
    plugins: undefined,
    room: undefined,
    foreign: [],
    servers: {},
    listeners: [],
  })
})

test('what a machine says', () => {
  const lines = [
    'swap /dev/sda2 1024',
    'cgroup 2 cpuset cpu memory',
    'sys-resource 0',
    'reaches no',
    'device eth0',
    'resolver none',
    'plugins /usr/libexec/cni',
    'room 1000 4096 9000',
    'foreign /usr/local/bin/k3s',
    'server /etc/kubernetes/kubelet.conf https://198.18.1.1:6443',
    'listens 10250 my program',
  ]
  expect(parseNodeFacts(lines)).toEqual({
    swap: [{ device: '/dev/sda2', kib: 1024 }],
    cgroup: { version: 2, controllers: ['cpuset', 'cpu', 'memory'] },
    container: undefined,
    sysResource: false,
    reachesServices: false,
    device: 'eth0',
    resolver: null,
    plugins: '/usr/libexec/cni',
    room: { freeBytes: 4_096_000, sizeBytes: 36_864_000 },
    foreign: ['/usr/local/bin/k3s'],
    servers: { '/etc/kubernetes/kubelet.conf': 'https://198.18.1.1:6443' },
    listeners: [{ port: 10_250, program: 'my program' }],
  })
})

test('only a place where plugins are looked for is one: it becomes part of a configuration', () => {
  expect(parseNodeFacts(['plugins /tmp"x'])?.plugins).toBeUndefined()
})
