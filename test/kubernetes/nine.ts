/** Nine machines: three for etcd, two control-plane nodes, three workers, and one load balancer. */
import { type TestLab, testLab } from '../lab/harness.ts'
import { CONTAINER_PACKAGES, VERSIONS } from './built.ts'

/** Packages of all roles, so that tests download none. */
export const NINE_PACKAGES: readonly string[] = [...CONTAINER_PACKAGES, 'haproxy', 'iputils-ping', 'kubectl']

const MASTERS = ['master01', 'master02'] as const
const WORKERS = ['worker01', 'worker02', 'worker03'] as const

/** `kubernetes` of the cluster file, for machines of the lab. */
export const LAB_KUBERNETES = {
  version: VERSIONS.kubernetes,
  source: { modules: {} },
  imageRepository: 'quorate.lab',
  kubelet: {
    configuration: {
      // The host has cgroups v1.
      failCgroupV1: false,
    },
  },
  kubeProxy: {
    configuration: {
      // The limit belongs to the host, not to a single machine on it.
      conntrack: { maxPerCore: 0 },
    },
  },
} as const

export async function nineMachines(changes: Readonly<Record<string, unknown>> = {}): Promise<TestLab> {
  const machines = [
    ...['etcd01', 'etcd02', 'etcd03'].map((name) => ({ name, roles: ['etcd'] })),
    ...MASTERS.map((name) => ({ name, roles: ['master'], containers: true })),
    ...WORKERS.map((name) => ({ name, roles: ['worker'], containers: true })),
    { name: 'service01', roles: ['service'] },
  ]
  return await testLab({
    machines,
    suite: 'trixie',
    packages: NINE_PACKAGES,
    cluster: {
      packages: [],
      loadBalancer: { url: 'https://service01:6443', managed: true },
      kubernetes: LAB_KUBERNETES,
      ...changes,
    },
  })
}
