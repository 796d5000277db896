/** Defaults of a cluster file. */
import type { Role } from './cluster.ts'
import { RECOMMENDED } from './version-facts.ts'

/** Recommended hardware. */
export const REQUIREMENTS: Readonly<Record<Role, Readonly<{ cpus: number; memory: string; disk: string }>>> =
  {
    etcd: { cpus: 2, memory: '1GB', disk: '15GB' },
    master: { cpus: 2, memory: '2GB', disk: '15GB' },
    worker: { cpus: 2, memory: '4GB', disk: '20GB' },
    service: { cpus: 2, memory: '2GB', disk: '30GB' },
  }

/** Packages with the commands that quorate runs on the nodes. */
export const PACKAGES: readonly string[] = ['ca-certificates', 'curl', 'openssl', 'sudo', 'tar']

/** The default port of an API server (kube-apiserver's --secure-port). */
export const API_PORT = 6443

const RELEASES = 'https://github.com/etcd-io/etcd/releases/download'

export const DEFAULTS = {
  pki: { layout: 'single', algorithm: 'ecdsa-p256', days: 365 },
  etcd: {
    dataDirectory: '/opt/etcd/data',
    clientPort: 2379,
    peerPort: 2380,
    localPlaintext: false,
    plaintextClients: false,
    metrics: 'local',
    enableV2: false,
  },
  release: {
    base: RELEASES,
    archive: 'v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    checksums: 'v{version}/SHA256SUMS',
  },
  modules: { checksumDatabase: true },
  network: { prefix: '/coreos.com/network', v2: false },
} as const

export const KUBERNETES_DEFAULTS = {
  release: {
    base: 'https://dl.k8s.io/release',
    program: 'v{version}/bin/linux/{arch}/{program}',
    checksum: 'v{version}/bin/linux/{arch}/{program}.sha256',
  },
  modules: { checksumDatabase: true },
  /** Default releases. */
  containerd: { base: 'https://github.com', version: '2.3.7', runc: '1.5.3', cni: '1.9.1' },
  imageRepository: 'registry.k8s.io',
  /** Used if the file has no network for flannel. */
  podNetwork: '10.244.0.0/16',
  serviceNetwork: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  flannel: 'daemonset',
  pki: { caKey: 'masters', days: 365 },
} as const

export const BACKUP_DEFAULTS = {
  region: 'us-east-1',
  every: 'hourly',
  /** A day's hours, a week's days, a month's weeks, a year's months. */
  keep: { hourly: 24, daily: 7, weekly: 5, monthly: 12 },
} as const

/** The version for new clusters: without a known fault that affects all clusters. */
export const RECOMMENDED_VERSION: string = RECOMMENDED

/** The etcd versions in Debian's suites. sid changes, so its version is only a first guess. */
export const DEBIAN_VERSIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bullseye: '3.3.25',
    bookworm: '3.4.23',
    trixie: '3.5.16',
    sid: '3.5.30',
  }),
)
