/** A node and a cluster without any problem; tests change single facts. */
import type { Cluster, Node } from '../spec/cluster.ts'
import type { HostFacts } from './facts.ts'

export const GIB = 1024 ** 3

export function goodFacts(changes: Partial<HostFacts> = {}): HostFacts {
  const disk = { mountedOn: '/', sizeBytes: 20 * GIB, freeBytes: 15 * GIB }
  return {
    kernel: 'Linux',
    machine: 'x86_64',
    bits: 64,
    hostname: 'etcd01',
    cpus: 2,
    memoryBytes: 2 * GIB,
    os: { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
    systemd: { version: 252, booted: true },
    missingTools: [],
    installer: 'apt-get',
    packages: [],
    dataDisk: disk,
    walDisk: disk,
    dataEntries: [],
    walEntries: [],
    rehearsal: [],
    rooms: [{ mountedOn: '/', freeInodes: 1_000_000, freeBytes: 40 * 1024 ** 3 }],
    security: { selinux: undefined, apparmor: false },
    unit: { active: 'inactive', path: '', mainPid: 0, ours: false },
    account: { user: undefined, group: undefined },
    pinned: undefined,
    identity: { boot: undefined, machine: undefined, hostKeys: [] },
    packagedBy: [],
    listeners: [],
    addresses: [
      { device: 'lo', address: '127.0.0.1', prefix: 8 },
      { device: 'eth0', address: '198.18.0.11', prefix: 24 },
      { device: 'eth0', address: 'fe80::11', prefix: 64 },
    ],
    routes: [
      { destination: 'default', gateway: '198.18.0.1', device: 'eth0' },
      { destination: '198.18.0.0/24', gateway: undefined, device: 'eth0' },
      { destination: 'fe80::/64', gateway: undefined, device: 'eth0' },
    ],
    resolved: undefined,
    flushes: { latenciesMs: [0.4, 0.5, 0.6], trouble: undefined },
    lent: ['198.18.0.11:2379', '198.18.0.11:2380'],
    lendingTrouble: undefined,
    ...changes,
  }
}

export function node(number: number, changes: Partial<Node> = {}): Node {
  const address = `198.18.0.${10 + number}`
  const ssh = { host: address, user: 'root', port: undefined, identityFile: undefined, jump: undefined }
  return { name: `etcd0${number}`, address, addresses: [], names: [], roles: ['etcd'], ssh, ...changes }
}

export function cluster(changes: Partial<Cluster> = {}): Cluster {
  const least = { cpus: 2, memoryBytes: GIB, diskBytes: 15 * GIB }
  return {
    name: 'test',
    file: '/cluster.yaml',
    stateDirectory: '/state',
    nodes: [node(1), node(2)],
    groups: {},
    requirements: { etcd: least, master: least, worker: { ...least, memoryBytes: 4 * GIB }, service: least },
    pki: {
      authority: { home: 'local', certificate: undefined, key: undefined, passphrase: false },
      layout: 'single',
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
    },
    network: undefined,
    loadBalancerUrl: undefined,
    backup: undefined,
    packages: [],
    ...changes,
  }
}

export function withNetwork(config: Readonly<Record<string, string>>): Cluster {
  return cluster({ network: { prefix: '/coreos.com/network', v2: false, config } })
}
