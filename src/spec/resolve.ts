/** Converts a cluster file's validated content to a `Cluster`: absolute paths, and defaults filled in. */
import { dirname, resolve } from 'node:path'
import type {
  Cluster,
  EtcdSource,
  FlannelConfig,
  FlannelNetwork,
  LoadBalancer,
  Node,
  Pki,
  Requirements,
  Role,
  SshTarget,
} from './cluster.ts'
import { ROLES, nodesWith } from './cluster.ts'
import { defaultWalDirectory } from './check-etcd.ts'
import { endpointOf } from './endpoint.ts'
import { resolveBackup } from './resolve-backup.ts'
import { resolveKubernetes } from './resolve-kubernetes.ts'
import { API_PORT, DEFAULTS, PACKAGES, REQUIREMENTS } from './defaults.ts'
import { resolveLocalPath, tidyRemotePath } from './paths.ts'
import type { ClusterFile } from './schema.ts'
import { parseSize } from './values.ts'

/** `file` is the cluster file's path, `home` the user's home; both absolute. */
export function resolveCluster(content: ClusterFile, file: string, home: string): Cluster {
  const local = (path: string) => resolveLocalPath(path, dirname(file), home)
  const nodes = content.nodes.map((node): Node => ({
    name: node.name,
    ...(node.etcdName === undefined || node.etcdName === node.name ? {} : { etcdName: node.etcdName }),
    address: node.address,
    addresses: node.addresses ?? [],
    names: node.names ?? [],
    roles: node.roles,
    ssh: target(node.address, [node.ssh, content.ssh], local),
  }))
  const groups = content.groups ?? {}
  const flannel = content.network === undefined ? undefined : network(content.network)
  return {
    name: content.name,
    file: resolve(file),
    stateDirectory: local(content.state ?? `.quorate/${content.name}`),
    nodes,
    groups,
    requirements: requirements(content.requirements),
    pki: pki(content.pki, nodes, local),
    etcd: etcd(content.etcd, local),
    network: flannel,
    loadBalancerUrl: content.loadBalancer?.url,
    ...(content.loadBalancer?.managed === true
      ? { loadBalancer: loadBalancer(content.loadBalancer, nodes) }
      : {}),
    ...(content.kubernetes === undefined
      ? {}
      : { kubernetes: resolveKubernetes(content.kubernetes, { nodes, groups, network: flannel }, local) }),
    backup: content.backup === undefined ? undefined : resolveBackup(content.backup, local),
    packages: content.packages ?? PACKAGES,
  }
}

type Ssh = NonNullable<ClusterFile['nodes'][number]['ssh']>
type Local = (path: string) => string

/** The first of `settings` that has a key determines its value. */
function target(address: string, settings: readonly (Ssh | undefined)[], local: Local): SshTarget {
  const first = <Key extends keyof Ssh>(key: Key): Ssh[Key] =>
    settings.find((one) => one?.[key] !== undefined)?.[key]
  const identityFile = first('identityFile')
  return {
    host: first('host') ?? address,
    user: first('user'),
    port: first('port'),
    identityFile: identityFile === undefined ? undefined : local(identityFile),
    jump: first('jump'),
  }
}

function requirements(written: ClusterFile['requirements']): Readonly<Record<Role, Requirements>> {
  const of = (role: Role): Requirements => {
    const figures = { ...REQUIREMENTS[role], ...defined(written?.[role] ?? {}) }
    return { cpus: figures.cpus, memoryBytes: parseSize(figures.memory), diskBytes: parseSize(figures.disk) }
  }
  return Object.fromEntries(ROLES.map((role) => [role, of(role)])) as Record<Role, Requirements>
}

function pki(written: ClusterFile['pki'], nodes: readonly Node[], local: Local): Pki {
  return {
    authority: authority(written?.authority ?? 'local', nodes, local),
    layout: written?.layout ?? DEFAULTS.pki.layout,
    algorithm: written?.algorithm ?? DEFAULTS.pki.algorithm,
    days: written?.days ?? DEFAULTS.pki.days,
  }
}

function authority(
  written: NonNullable<NonNullable<ClusterFile['pki']>['authority']>,
  nodes: readonly Node[],
  local: Local,
): Pki['authority'] {
  if (written !== 'local' && written.host !== undefined) {
    const { name, ssh, certificate, key, sudo = true } = written.host
    const node = nodes.find((one) => one.name === name)
    const own = target(node?.ssh.host ?? name, [ssh], local)
    // A node's own ssh settings also apply when it is the CA location.
    const merged = node === undefined ? own : { ...node.ssh, ...defined(own) }
    return { home: 'host', ssh: merged, hostName: name, certificate, key, sudo }
  }
  if (written !== 'local' && written.offline !== undefined) {
    return { home: 'offline', certificate: local(written.offline.certificate) }
  }
  const { certificate, key, passphrase = false } = (written === 'local' ? undefined : written.local) ?? {}
  return {
    home: 'local',
    certificate: certificate === undefined ? undefined : local(certificate),
    key: key === undefined ? undefined : local(key),
    passphrase,
  }
}

function etcd(written: ClusterFile['etcd'], local: Local): Cluster['etcd'] {
  const dataDirectory = tidyRemotePath(written.dataDirectory ?? DEFAULTS.etcd.dataDirectory)
  return {
    version: written.version,
    source: source(written.source, local),
    ...(written.sha256 === undefined ? {} : { sha256: pins(written.sha256) }),
    dataDirectory,
    walDirectory: tidyRemotePath(written.walDirectory ?? defaultWalDirectory(dataDirectory)),
    clientPort: written.clientPort ?? DEFAULTS.etcd.clientPort,
    peerPort: written.peerPort ?? DEFAULTS.etcd.peerPort,
    localPlaintext: written.localPlaintext ?? DEFAULTS.etcd.localPlaintext,
    plaintextClients: written.plaintextClients ?? DEFAULTS.etcd.plaintextClients,
    metrics: written.metrics ?? DEFAULTS.etcd.metrics,
    enableV2: written.enableV2 ?? DEFAULTS.etcd.enableV2,
    settings: Object.fromEntries(
      Object.entries(written.settings ?? {}).map(([key, value]) => [key, String(value)]),
    ),
  }
}

function pins(written: NonNullable<ClusterFile['etcd']['sha256']>): NonNullable<Cluster['etcd']['sha256']> {
  const lower = (sums: object) =>
    Object.fromEntries(Object.entries(defined(sums)).map(([what, sum]) => [what, String(sum).toLowerCase()]))
  return Object.fromEntries(Object.entries(defined(written)).map(([arch, sums]) => [arch, lower(sums)]))
}

function source(written: ClusterFile['etcd']['source'], local: Local): EtcdSource {
  if (written?.debian !== undefined) {
    return { kind: 'debian', suite: written.debian.suite, mirror: written.debian.mirror }
  }
  if (written?.file !== undefined) {
    return { kind: 'file', path: local(written.file.path), sha256: written.file.sha256?.toLowerCase() }
  }
  if (written?.modules !== undefined) {
    const { proxy, go, checksumDatabase = DEFAULTS.modules.checksumDatabase } = written.modules
    return { kind: 'modules', proxy, go: go === undefined ? undefined : local(go), checksumDatabase }
  }
  const { url, checksums, mirror, proxy } = written?.release ?? {}
  const base = (mirror ?? DEFAULTS.release.base).replace(/\/+$/, '')
  return {
    kind: 'release',
    url: url ?? `${base}/${DEFAULTS.release.archive}`,
    checksums: checksums ?? `${base}/${DEFAULTS.release.checksums}`,
    proxy,
  }
}

function loadBalancer(
  { url, address }: NonNullable<ClusterFile['loadBalancer']>,
  nodes: readonly Node[],
): LoadBalancer {
  const service = nodesWith({ nodes }, 'service')
  const shared = address !== undefined && service.length > 1
  return { port: endpointOf(url).port, apiPort: API_PORT, virtualAddress: shared ? address : undefined }
}

function network(written: NonNullable<ClusterFile['network']>): FlannelNetwork {
  const { prefix, v2, ...config } = written
  return {
    prefix: prefix ?? DEFAULTS.network.prefix,
    config: defined(config) as FlannelConfig,
    v2: v2 ?? DEFAULTS.network.v2,
  }
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

/** Without the keys whose value is undefined. */
function defined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Partial<
    Defined<T>
  >
}
