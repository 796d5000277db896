/** Which certificates a member has, and the request for each. */
import type { HostState } from '../../../host/state.ts'
import { carriedAddresses } from '../../../pki/carried-addresses.ts'
import { type AllowedNames, allowedNames, canonicalIp } from '../../../pki/names.ts'
import { renderOpensslConfig } from '../../../pki/openssl-config.ts'
import type { Profile } from '../../../pki/profile.ts'
import type { CertificateLayout, Cluster, Node } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'
import type { AuthorityFacts, CertificateFault, Observed } from '../facts/observed.ts'
import type { CertificateName } from '../certificate-name.ts'

export function certificateNames(cluster: Cluster): readonly CertificateName[] {
  return cluster.pki.layout === 'single' ? ['etcd'] : ['peer', 'server']
}

/** The certificate that a member presents to its peers. */
export function peerCertificate(layout: CertificateLayout): CertificateName {
  return layout === 'single' ? 'etcd' : 'peer'
}

export function profileOf(name: CertificateName): Profile {
  return name === 'etcd' ? 'member' : name
}

/** What the names depend on, besides the cluster file. */
export interface Seen {
  readonly host: HostState | undefined
  readonly authority: AuthorityFacts
}

/**
 * The names in a node's certificate: its own, and
 * - in peer certificates, the name by which members recognize each other, if the CA may sign it;
 * - the old address, while its member still uses it: its peers connect to it until it is restarted;
 * - its source addresses to peers: etcd rejects a peer whose certificate lacks the address that it connects from;
 * - addresses already in its certificates, as long as the node has them. Its source address depends on its peers'
 *   current addresses, which change while they move.
 *
 * Never another node's.
 */
export function namesOf(
  cluster: Cluster,
  node: Node,
  name: CertificateName,
  { host, authority }: Seen,
): AllowedNames {
  const names = allowedNames(node)
  const isMembers = name === peerCertificate(cluster.pki.layout) && authority.forbidsMemberName !== true
  const dns = isMembers ? [...names.dns, memberName(cluster.name)] : names.dns
  const { unit, sources = [], addresses = [], tls } = host?.member ?? {}
  const urls = ['ETCD_INITIAL_ADVERTISE_PEER_URLS', 'ETCD_ADVERTISE_CLIENT_URLS']
    .flatMap((variable) => (unit?.environment?.[variable] ?? '').split(','))
    .filter((url) => URL.canParse(url))
  const served = urls.map((url) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))
  const own = new Set(canonical(addresses))
  const carried = certificateNames(cluster).flatMap((one) =>
    carriedAddresses(tls?.certificates[one]?.pem ?? ''),
  )
  const others = cluster.nodes.filter((other) => other.name !== node.name)
  const taken = new Set(canonical(others.flatMap(({ address, addresses: more }) => [address, ...more])))
  const more = canonical([...served, ...sources, ...carried.filter((ip) => own.has(ip))])
  return { dns, ips: [...new Set([...names.ips, ...more.filter((ip) => !taken.has(ip))])] }
}

function canonical(ips: readonly string[]): readonly string[] {
  return ips.map(canonicalIp).filter((ip) => ip !== undefined)
}

/** The openssl.cnf of a request. Its last line names the key's algorithm, so that any change of it shows in the text. */
export function requestConfiguration(
  cluster: Cluster,
  node: Node,
  name: CertificateName,
  { hosts, authority }: Pick<Observed, 'hosts' | 'authority'>,
): string {
  const { algorithm } = cluster.pki
  const configuration = renderOpensslConfig({
    commonName: node.name,
    names: namesOf(cluster, node, name, { host: hosts[node.name], authority }),
    profile: profileOf(name),
    algorithm,
  })
  return `${configuration}# key: ${algorithm}\n`
}

/** Why a certificate must be issued; empty: it may stay. */
export function faultsOf(
  observed: Observed,
  host: string,
  name: CertificateName,
): readonly CertificateFault[] {
  return observed.certificates[host]?.[name] ?? [{ code: 'missing', message: 'is missing' }]
}

/** Faults of the key itself, or that it is unknown. */
const KEY_FAULTS: ReadonlySet<CertificateFault['code']> = new Set([
  'missing',
  'due-with-key',
  'foreign-key',
  'unreadable',
  'issuer',
  'key',
  'algorithm',
])

/**
 * Whether the active key can stay. etcd reads certificate and key one after the other for each handshake. A handshake in
 * the middle of a replacement of both finds a pair that doesn't match, and fails. With the same key before and after,
 * any mix matches.
 */
export function keepsKey(observed: Observed, host: string, name: CertificateName): boolean {
  return faultsOf(observed, host, name).every(({ code }) => !KEY_FAULTS.has(code))
}
