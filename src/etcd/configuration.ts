/** The configuration of one member: its ETCD_* variables, only those that its version of etcd knows. */
import { QuorateError } from '../errors.ts'
import type { CertificateLayout, Cluster, Node } from '../spec/cluster.ts'
import { etcdNameOf } from '../spec/etcd-name.ts'
import { LISTENERS, type ListenUrl, OWN_ADDRESS, listenUrls } from '../spec/listen-urls.ts'
import { sharesPortFrom } from './hazards.ts'
import { bracket } from './bracket.ts'
import { withSafeguard } from './feature-gates.ts'
import { checkSettings } from './settings.ts'
import { environmentName, flagName, knownFlags, minorOf, supportsV2 } from './versions.ts'

/** The directory of TLS files on a member. */
const TLS_DIRECTORY = '/etc/ssl/etcd'

/**
 * Loopback port for `/metrics` and `/health` without TLS, for every local user. It shows no keys and no values, but how
 * much is written, by which calls, and how large the keyspace is. With `metrics: clients`, this port is closed, and
 * metrics are only on the client port, which requires a certificate.
 */
const METRICS_PORT = 2381

/**
 * The name that a peer's certificate must be valid for (from 3.4 on). Measured on 3.4.23, 3.5.16 and 3.5.30: it is
 * compared like a DNS name (case-insensitive, wildcards match), for incoming and outgoing connections. The common name
 * doesn't count.
 */
export const PEER_IDENTITY = 'ETCD_PEER_CERT_ALLOWED_HOSTNAME'

export interface MemberConfiguration {
  readonly cluster: Cluster
  /** The member's own node. */
  readonly node: Node
  /** All initial members, including this one: nodes, or ready-made as `name=peer URL,…`. */
  readonly members: readonly Node[] | string
  /** Unique for every bootstrap: member IDs depend on it and on the peer URLs. */
  readonly token: string
  /** `new` until the cluster was verified, then `existing`. */
  readonly state: 'new' | 'existing'
}

/**
 * The member's environment, in the order of the options file.
 *
 * @throws QuorateError `cluster-file` for a setting in the file that this version doesn't know or that quorate decides
 *   itself. Also for the v2 API if this version doesn't have it.
 */
export function memberEnvironment(configuration: MemberConfiguration): Record<string, string> {
  const { cluster } = configuration
  const known = knownFlags(cluster.etcd.version)
  const decided = { ...identity(configuration), ...urls(configuration), ...tlsFiles(cluster.pki.layout) }
  checkSettings(cluster.etcd.version, cluster.etcd.settings)
  const own = Object.entries(cluster.etcd.settings).map(
    ([flag, value]) => [environmentName(flag), ownUrls(flag, value, configuration.node)] as const,
  )
  for (const [name] of own) {
    if (name in decided || name === 'ETCD_ENABLE_V2') throw decidedElsewhere(name)
  }
  const defaults = Object.entries({ ...safeguards(cluster, known), ...peerIdentity(configuration) }).filter(
    ([name]) => known.has(flagName(name)),
  )
  const environment = { ...decided, ...Object.fromEntries(defaults), ...Object.fromEntries(own) }
  // The safeguard stays if the file adds its own feature gates.
  const gates = environment['ETCD_FEATURE_GATES']
  if (gates !== undefined) environment['ETCD_FEATURE_GATES'] = withSafeguard(gates)
  return environment
}

/** An address on which members listen in addition to the client and the peer port. */
export interface FurtherListener extends ListenUrl {
  readonly use: 'metrics' | 'http'
  /** The key of the cluster file that changes it. */
  readonly key: string
}

export function furtherListeners({ etcd }: Cluster): readonly FurtherListener[] {
  const own = LISTENERS.flatMap((flag) =>
    listenUrls(etcd.settings[flag]).map((url): FurtherListener => {
      const use = flag === 'listen-metrics-urls' ? 'metrics' : 'http'
      return { ...url, use, key: `etcd.settings.${flag}` }
    }),
  )
  if (!servesMetrics(etcd) || 'listen-metrics-urls' in etcd.settings) return own
  const text = `http://127.0.0.1:${METRICS_PORT}`
  return [
    ...own,
    { text, tls: false, host: '127.0.0.1', port: METRICS_PORT, use: 'metrics', key: 'etcd.metrics' },
  ]
}

function servesMetrics({ metrics, clientPort, peerPort }: Cluster['etcd']): boolean {
  return metrics === 'local' && ![clientPort, peerPort].includes(METRICS_PORT)
}

/** Listeners from the file, with this node's address if they contain the placeholder. */
function ownUrls(flag: string, value: string, { address }: Node): string {
  return LISTENERS.some((one) => one === flag) ? value.replaceAll(OWN_ADDRESS, bracket(address)) : value
}

/** `https://192.168.0.1:2380`: how peers know a member. */
export function peerUrl(cluster: Cluster, node: Node): string {
  return `${node.plainPeer === true ? 'http' : 'https'}://${bracket(node.address)}:${cluster.etcd.peerPort}`
}

/** In both schemes: it is the same listener, with or without TLS. */
export function peerUrlsOf(cluster: Cluster, node: Node): readonly string[] {
  return ([undefined, true] as const).map((plainPeer) => peerUrl(cluster, { ...node, plainPeer }))
}

/** `https://192.168.0.1:2379`: where clients find a member. */
export function clientUrl(cluster: Cluster, node: Node): string {
  return `https://${bracket(node.address)}:${cluster.etcd.clientPort}`
}

/** All of them: clients without TLS, if there may be some, need another URL. */
export function clientUrls(cluster: Cluster, node: Node): readonly string[] {
  return inBoth(cluster, clientUrl(cluster, node))
}

/** If this version can't reliably serve both on one port, clients keep the current scheme. */
function inBoth({ etcd }: Cluster, url: string): readonly string[] {
  if (!etcd.plaintextClients) return [url]
  const plain = url.replace('https:', 'http:')
  return sharesPortFrom(etcd.version) === undefined ? [url, plain] : [plain]
}

/** The absolute paths of a member's certificates and keys. */
export function tlsPaths(
  layout: CertificateLayout,
): Record<'ca' | 'cert' | 'key' | 'peerCert' | 'peerKey', string> {
  const [server, peer] = layout === 'single' ? ['etcd', 'etcd'] : ['server', 'peer']
  return {
    ca: `${TLS_DIRECTORY}/ca.crt`,
    cert: `${TLS_DIRECTORY}/${server}.crt`,
    key: `${TLS_DIRECTORY}/${server}.key`,
    peerCert: `${TLS_DIRECTORY}/${peer}.crt`,
    peerKey: `${TLS_DIRECTORY}/${peer}.key`,
  }
}

function identity({ cluster, node, members, token, state }: MemberConfiguration): Record<string, string> {
  return {
    ETCD_NAME: etcdNameOf(node),
    ETCD_DATA_DIR: cluster.etcd.dataDirectory,
    ...(walWithinData(cluster) ? {} : { ETCD_WAL_DIR: cluster.etcd.walDirectory }),
    ETCD_INITIAL_CLUSTER:
      typeof members === 'string'
        ? members
        : members.map((member) => `${etcdNameOf(member)}=${peerUrl(cluster, member)}`).join(','),
    ETCD_INITIAL_CLUSTER_TOKEN: token,
    ETCD_INITIAL_CLUSTER_STATE: state,
    ETCD_INITIAL_ADVERTISE_PEER_URLS: peerUrl(cluster, node),
    ETCD_ADVERTISE_CLIENT_URLS: clientUrls(cluster, node).join(','),
  }
}

/** The WAL directory is etcd's default within the data directory, and is then not set. */
function walWithinData({ etcd }: Cluster): boolean {
  return etcd.walDirectory === `${etcd.dataDirectory}/member/wal`
}

function urls({ cluster, node }: MemberConfiguration): Record<string, string> {
  const { localPlaintext, plaintextClients, clientPort } = cluster.etcd
  const own = node.address === '127.0.0.1' ? [] : clientUrls(cluster, node)
  const local =
    localPlaintext && !plaintextClients
      ? [`http://127.0.0.1:${clientPort}`]
      : inBoth(cluster, `https://127.0.0.1:${clientPort}`)
  return {
    ETCD_LISTEN_PEER_URLS: peerUrl(cluster, node),
    ETCD_LISTEN_CLIENT_URLS: [...own, ...local].join(','),
  }
}

function tlsFiles(layout: CertificateLayout): Record<string, string> {
  const files = tlsPaths(layout)
  return {
    ETCD_CERT_FILE: files.cert,
    ETCD_KEY_FILE: files.key,
    ETCD_TRUSTED_CA_FILE: files.ca,
    ETCD_CLIENT_CERT_AUTH: 'true',
    ETCD_PEER_CERT_FILE: files.peerCert,
    ETCD_PEER_KEY_FILE: files.peerKey,
    ETCD_PEER_TRUSTED_CA_FILE: files.ca,
    ETCD_PEER_CLIENT_CERT_AUTH: 'true',
  }
}

/** etcd refuses to start with both: the file's rule for peers' common names has priority. */
function peerIdentity({ cluster, node }: MemberConfiguration): Record<string, string> {
  if (node.demands === undefined || 'peer-cert-allowed-cn' in cluster.etcd.settings) return {}
  return { [PEER_IDENTITY]: node.demands }
}

/**
 * Reasonable values unless the file sets others, under every name that they ever had; only those that the version knows
 * are used.
 */
function safeguards({ etcd }: Cluster, known: ReadonlySet<string>): Record<string, string> {
  const minor = minorOf(etcd.version)
  if (etcd.enableV2 && !supportsV2(etcd.version)) {
    throw new QuorateError('cluster-file', `etcd ${etcd.version} no longer has the v2 API`, {
      id: 'no-v2-api-in-this-version',
      hint: 'remove enableV2, or choose etcd 3.4 or 3.5',
    })
  }
  const hasGates = known.has('feature-gates')
  return {
    ETCD_STRICT_RECONFIG_CHECK: 'true',
    // At a restart, a member compares its contents with its peers' before it serves.
    ...(hasGates
      ? { ETCD_FEATURE_GATES: 'InitialCorruptCheck=true' }
      : { ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK: 'true' }),
    // The default from 3.5 on: a returning member doesn't disturb a working leader.
    ...(minor === '3.4' ? { ETCD_PRE_VOTE: 'true', ETCD_LOGGER: 'zap' } : {}),
    ETCD_AUTO_COMPACTION_MODE: 'periodic',
    ETCD_AUTO_COMPACTION_RETENTION: '8h',
    ...(!servesMetrics(etcd) ? {} : { ETCD_LISTEN_METRICS_URLS: `http://127.0.0.1:${METRICS_PORT}` }),
    // On by default in 3.3. Later it is off by default, and even setting it to false causes a warning.
    ...(etcd.enableV2 || minor === '3.3' ? { ETCD_ENABLE_V2: String(etcd.enableV2) } : {}),
  }
}

function decidedElsewhere(name: string): QuorateError {
  const flag = flagName(name)
  return new QuorateError('cluster-file', `can't set '${flag}' in etcd.settings: quorate manages it`, {
    hint: 'use the own keys of the cluster file for addresses, ports, directories, certificates and enableV2',
  })
}
