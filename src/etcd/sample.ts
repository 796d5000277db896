/** A complete cluster file's values for tests; pass only what the test is about. */
import type { Cluster, EtcdSpec, Node, Pki } from '../spec/cluster.ts'

export function sampleNode(name: string, address: string): Node {
  return {
    name,
    address,
    addresses: [],
    names: [],
    roles: ['etcd'],
    ssh: { host: address, user: undefined, port: undefined, identityFile: undefined, jump: undefined },
  }
}

export function sampleCluster(etcd: Partial<EtcdSpec> = {}, layout: Pki['layout'] = 'single'): Cluster {
  const least = { cpus: 2, memoryBytes: 1e9, diskBytes: 15e9 }
  return {
    name: 'sample',
    file: '/cluster.yaml',
    stateDirectory: '/state',
    nodes: [1, 2, 3].map((n) => sampleNode(`etcd0${n}`, `192.168.0.${n}`)),
    groups: {},
    requirements: { etcd: least, master: least, worker: least, service: least },
    pki: {
      authority: { home: 'local', certificate: undefined, key: undefined, passphrase: false },
      layout,
      algorithm: 'ecdsa-p256',
      days: 365,
    },
    etcd: {
      version: '3.5.16',
      source: { kind: 'debian', suite: 'trixie', mirror: undefined },
      dataDirectory: '/opt/etcd/data',
      walDirectory: '/opt/etcd/wal',
      clientPort: 2379,
      peerPort: 2380,
      localPlaintext: false,
      plaintextClients: false,
      metrics: 'local',
      enableV2: false,
      settings: {},
      ...etcd,
    },
    network: undefined,
    loadBalancerUrl: undefined,
    backup: undefined,
    packages: [],
  }
}
