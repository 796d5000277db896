/**
 * Who may speak Raft. Members know each other by a name in their certificates that no client's has (`memberName`), and
 * etcd demands it of each peer once a member was started so. It does that both ways: of a peer that calls and of one that
 * is called. So no member may demand it before the certificate of every other one has it, and from then on no certificate
 * may go without it. Certificates are read at every handshake, the demand at the start only: first all certificates, then
 * one restart after the other.
 */
import { PEER_IDENTITY, tlsPaths } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { environmentNames } from '../../../etcd/versions.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'
import { faultsOf, peerCertificate } from './certificates.ts'
import { elsewhereReason } from '../facts/elsewhere.ts'
import type { ApplyIntent } from './intent.ts'
import { rosterOf } from '../facts/membership-map.ts'
import type { CertificateFault, Observed } from '../facts/observed.ts'
import { parsePin } from '../facts/pin.ts'
import type { CertificateName } from '../certificate-name.ts'

/** The cluster with what each of its members should demand of its peers now. */
export function demandsForNow(
  cluster: Cluster,
  observed: Observed,
  upgrade?: ApplyIntent['upgrade'],
): Cluster {
  if (!canDemand(cluster, observed)) return cluster
  // The way back from an upgrade touches only those that had left.
  const known = upgrade?.back !== true && isEveryoneKnown(cluster, observed)
  const demands = memberName(cluster.name)
  // What is not known of all of them is no reason to take anything back either: each stays as it is.
  const may = (node: Node) => known || demandOf(observed.hosts[node.name]?.member) !== undefined
  const members = new Set(etcdNodes(cluster).map(({ name }) => name))
  return {
    ...cluster,
    nodes: cluster.nodes.map((node) => (members.has(node.name) && may(node) ? { ...node, demands } : node)),
  }
}

/** As `demandsForNow` for members that are all started together, with nobody else to know. */
export function demandsTogether(cluster: Cluster, observed: Observed): Cluster {
  const all = etcdNodes(cluster).every(({ name }) => !lacksName(cluster, observed, name))
  if (!canDemand(cluster, observed) || !all) return cluster
  const demands = memberName(cluster.name)
  return { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, demands })) }
}

/** Why members that could do not demand the name, nor will by themselves: said with each plan; undefined: nothing is in the way. */
export function openPeers(cluster: Cluster, { authority, certificates }: Observed): string | undefined {
  const name = memberName(cluster.name)
  const unsigned = Object.entries(certificates).flatMap(([host, own]) =>
    Object.values(own).some((faults) => faults.some(isUnsigned) && !faults.some(isMissing)) ? [host] : [],
  )
  if (authority.forbidsMemberName === true)
    return `any certificate of the CA, a client's too, may speak Raft: its name constraints forbid ${name}, by which members would know each other. Use a CA for this cluster alone, or one that may sign it`
  if (unsigned.length === 0) return undefined
  return `any certificate of the CA, a client's too, may speak Raft: it has not signed ${name} for ${unsigned.join(', ')}. quorate certs csr asks for it; once that is imported, quorate apply has members demand it`
}

function isUnsigned({ code }: CertificateFault): boolean {
  return code === 'member-name-unsigned'
}

function isMissing({ code }: CertificateFault): boolean {
  return code === 'missing'
}

/** The version can, and the CA may sign the name. */
function canDemand({ etcd }: Cluster, { authority }: Observed): boolean {
  return authority.forbidsMemberName !== true && environmentNames(etcd.version).includes(PEER_IDENTITY)
}

/** What a member demands: its process, or if it does not run what it would be started with; undefined: nothing. */
export function demandOf(state: MemberState | undefined): string | undefined {
  const file = state?.contents[PATHS.environment]
  const environment = state?.unit.environment ?? (file === undefined ? {} : parseEnvironmentFile(file))
  return environment[PEER_IDENTITY] || undefined
}

/** Whether some member turns away a peer without the name, or will when it starts: no certificate may go without it then. */
export function isDemanded({ name }: Pick<Cluster, 'name'>, hosts: Observed['hosts']): boolean {
  return Object.values(hosts).some(({ member }) => demandOf(member) === memberName(name))
}

/**
 * Whether a certificate without the name will do for now: from a CA that is not within reach, which may leave out what it
 * does not know. Then nobody demands it.
 */
export function mayLackMemberName({ name, pki }: Cluster, hosts: Observed['hosts']): boolean {
  return pki.authority.home === 'offline' && !isDemanded({ name }, hosts)
}

/** Everyone who is or becomes a member was seen with the name, or gets it before it starts. Not known is no. */
function isEveryoneKnown(cluster: Cluster, observed: Observed): boolean {
  const nodes = etcdNodes(cluster)
  if (!nodes.every((node) => isKnown(cluster, node, observed))) return false
  const begun = nodes.some(({ name }) => wasMember(observed.hosts[name]?.member))
  const listed = observed.cluster?.members ?? []
  if (listed.length === 0) return !begun
  // One that leaves may still be where the file has another member go: a node stands for no more than one.
  return rosterOf(cluster, listed, 0).others.length === 0
}

function wasMember(state: MemberState | undefined): boolean {
  const file = state?.contents[PATHS.environment]
  const options = file === undefined ? (state?.unit.environment ?? {}) : parseEnvironmentFile(file)
  return (
    state?.contents[PATHS.clusterId] !== undefined || options['ETCD_INITIAL_CLUSTER_STATE'] === 'existing'
  )
}

function isKnown(cluster: Cluster, node: Node, observed: Observed): boolean {
  const { name } = node
  const state = observed.hosts[name]?.member
  if (state === undefined || lacksName(cluster, observed, name)) return false
  // It runs with a certificate that others gave it, until it is taken over.
  const pin = parsePin(state.contents[PATHS.clusterId] ?? '')
  if (elsewhereReason({ node, state, pin }) !== undefined) return false
  const faults = faultsOf(observed, name, peerCertificate(cluster.pki.layout))
  const { active, environment, path } = state.unit
  const stands = active === 'inactive' || active === 'failed'
  // Whoever has none gets one before it starts; what a process without one shows its peers is anybody's guess.
  if (faults.some(isMissing)) return stands
  // Its options are written before it is started; unless somebody else's unit starts it.
  if (environment === undefined) return stands && (!state.dataPresent || path === PATHS.unit)
  // Without TLS nothing is demanded; and it is restarted, with our files, before it gets it.
  if (/^\s*http:/i.test(environment['ETCD_LISTEN_PEER_URLS'] ?? '')) return true
  return environment['ETCD_PEER_CERT_FILE'] === tlsPaths(cluster.pki.layout).peerCert
}

/** Its peers' certificate is not there with the name in it. */
function lacksName({ pki }: Cluster, observed: Observed, host: string): boolean {
  return faultsOf(observed, host, peerCertificate(pki.layout)).some(({ code }) => NAMELESS.has(code))
}

const NAMELESS: ReadonlySet<CertificateFault['code']> = new Set([
  'member-name',
  'member-name-unsigned',
  'unreadable',
])

/**
 * Leaves out of the certificates' faults what must wait: a name that is to be carried to an offline CA first (it is asked
 * for with everything else, and holds nothing up; unless a peer demands it); and everything while a CA that may not sign
 * the name would issue for members of which it is demanded.
 */
export function holdName(
  { cluster, until }: Pick<ApplyIntent, 'cluster' | 'until'>,
  observed: Observed,
): Observed {
  if (isStuck(cluster, observed)) return withFaults(observed, isMissing)
  if (until === 'requests' || isDemanded(cluster, observed.hosts)) return observed
  return withoutUnsigned(observed)
}

/** Names that an offline CA has not signed are no reason to issue anything. */
export function withoutUnsigned(observed: Observed): Observed {
  return withFaults(observed, (fault) => !isUnsigned(fault))
}

/** Some member demands what the CA that signs may not give to another. */
export function isStuck(cluster: Cluster, { authority, hosts }: Observed): boolean {
  return authority.forbidsMemberName === true && isDemanded(cluster, hosts)
}

/**
 * For a plan: what is wrong with a certificate that is missing once it is asked for. The request has the name, and a CA
 * signs what it is asked for until it is seen to have left something out.
 */
export function faultsOnceAsked(
  observed: Observed,
  host: string,
  name: CertificateName,
): readonly CertificateFault[] {
  const faults = faultsOf(observed, host, name)
  return faults.some(isMissing) ? faults.filter((fault) => !isUnsigned(fault)) : faults
}

/**
 * For a plan: what is wrong with a certificate once it is issued. A member that does not run starts with what the CA has
 * made of the request that waits: without the name if that was not signed, and then nobody is restarted for it.
 */
export function faultsOnceIssued(
  cluster: Cluster,
  observed: Observed,
  host: string,
  name: CertificateName,
): readonly CertificateFault[] {
  const faults = faultsOf(observed, host, name)
  const starts = faults.some(isMissing) && observed.hosts[host]?.member?.unit.environment === undefined
  return starts && mayLackMemberName(cluster, observed.hosts) ? faults.filter(isUnsigned) : []
}

function withFaults(observed: Observed, keep: (fault: CertificateFault) => boolean): Observed {
  const certificates = Object.entries(observed.certificates).map(([host, own]) => {
    const kept = Object.entries(own).map(
      ([name, faults]) => [name as CertificateName, faults.filter(keep)] as const,
    )
    return [host, Object.fromEntries(kept)] as const
  })
  return { ...observed, certificates: Object.fromEntries(certificates) }
}
