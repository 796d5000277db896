/** A sample of Kubernetes in a cluster file, for tests; pass what the test is about. */
import type { Cluster, Node, Role } from './cluster.ts'
import type { KubernetesSpec } from './kubernetes.ts'

export function sampleKubernetes(changes: Partial<KubernetesSpec> = {}): KubernetesSpec {
  return {
    version: '1.37.2',
    source: { kind: 'modules', proxy: undefined, go: undefined, checksumDatabase: true },
    imageRepository: 'registry.k8s.io',
    podNetwork: '10.244.0.0/16',
    serviceNetwork: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    apiServer: { arguments: {} },
    controllerManager: { arguments: {} },
    scheduler: { arguments: {} },
    kubelet: { configuration: {} },
    kubeProxy: { configuration: {} },
    flannel: 'daemonset',
    nodeLabels: {},
    taints: {},
    pki: { caKey: 'masters', days: 365 },
    ...changes,
  }
}

/** Nine nodes: three for etcd, two masters, three workers, one service node with HAProxy. */
export function sampleKubernetesCluster(changes: Partial<KubernetesSpec> = {}): Cluster {
  const least = { cpus: 2, memoryBytes: 1e9, diskBytes: 15e9 }
  return {
    name: 'sample',
    file: '/cluster.yaml',
    stateDirectory: '/state',
    nodes: [
      ...sampleNodes('etcd', 3, 10),
      ...sampleNodes('master', 2, 20),
      ...sampleNodes('worker', 3, 30),
      ...sampleNodes('service', 1, 40),
    ],
    groups: {},
    requirements: { etcd: least, master: least, worker: least, service: least },
    pki: {
      authority: { home: 'local', certificate: undefined, key: undefined, passphrase: false },
      layout: 'single',
      algorithm: 'ecdsa-p256',
      days: 365,
    },
    etcd: {
      version: '3.6.16',
      source: { kind: 'modules', proxy: undefined, go: undefined, checksumDatabase: true },
      dataDirectory: '/opt/etcd/data',
      walDirectory: '/opt/etcd/wal',
      clientPort: 2379,
      peerPort: 2380,
      localPlaintext: false,
      plaintextClients: false,
      metrics: 'local',
      enableV2: false,
      settings: {},
    },
    network: undefined,
    loadBalancerUrl: 'https://service01:6443',
    loadBalancer: { port: 6443, apiPort: 6443, virtualAddress: undefined },
    kubernetes: sampleKubernetes(changes),
    backup: undefined,
    packages: [],
  }
}

/** `worker01` at 198.18.7.31, and so on. */
function sampleNodes(role: Role, count: number, first: number): readonly Node[] {
  return Array.from({ length: count }, (_, index) => {
    const address = `198.18.7.${first + index + 1}`
    return {
      name: `${role}0${index + 1}`,
      address,
      addresses: [],
      names: [],
      roles: [role],
      ssh: { host: address, user: undefined, port: undefined, identityFile: undefined, jump: undefined },
    }
  })
}
