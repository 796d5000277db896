/** A node that will become a Kubernetes node, and one that is set up. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { NodeFacts } from '../../host/node-facts.ts'
import { kernelFiles } from '../../host/node-parts.ts'
import type { ServiceFile, ServicesState } from '../../host/services.ts'
import type { HostState } from '../../host/state.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { KERNEL_NAME } from './wanted.ts'

export const FIT: NodeFacts = {
  swap: [],
  cgroup: { version: 2, controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'] },
  container: undefined,
  sysResource: true,
  reachesServices: true,
  device: 'eth0',
  resolver: '/etc/resolv.conf',
  room: { freeBytes: 50e9 },
  foreign: [],
  servers: {},
  listeners: [],
}

export const FILE: ServiceFile = {
  text: '',
  owner: 'root',
  group: 'root',
  mode: '644',
  plain: true,
  untouched: false,
}

export function sampleCluster(...changes: Parameters<typeof sampleKubernetesCluster>): KubernetesCluster {
  const cluster = sampleKubernetesCluster(...changes)
  if (!hasKubernetes(cluster)) throw new TypeError('the sample has no Kubernetes')
  return cluster
}

/** Nothing of Kubernetes exists on it yet. */
export function bareHost(name: string, facts: Partial<NodeFacts> = {}): HostState {
  const services: ServicesState = {
    units: {},
    files: {},
    devices: {},
    holders: {},
    kernel: { modules: [], settings: { 'fs.inotify.max_user_instances': '8192' }, files: {} },
    programs: { files: {}, links: {} },
    node: { ...FIT, ...facts },
  }
  return {
    name,
    os: { id: 'debian', version: '13' },
    architecture: 'amd64',
    bootId: 'boot',
    packages: [],
    services,
    member: undefined,
  }
}

export const SETTINGS_FILE = kernelFiles(KERNEL_NAME).settings
