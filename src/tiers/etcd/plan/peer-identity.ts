/**
 * Which peers are accepted for Raft. Members recognize each other by a name in their certificates that no client has
 * (`memberName`). etcd requires it of each peer once a member is started with that setting, for incoming and outgoing
 * connections. So no member may require it before every other member's certificate has it, and from then on every
 * certificate needs it. etcd reads certificates at every handshake, but the requirement only at its start: first all
 * certificates, then one restart after the other.
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

/** The cluster with what each of its members should require of its peers now. */
export function demandsForNow(
  cluster: Cluster,
  observed: Observed,
  upgrade?: ApplyIntent['upgrade'],
): Cluster {
  if (!canDemand(cluster, observed)) return cluster
  // A rollback of an upgrade changes only the upgraded members.
  const known = upgrade?.back !== true && isEveryoneKnown(cluster, observed)
  const demands = memberName(cluster.name)
  // Incomplete knowledge isn't a reason for a removal either: each stays unchanged.
  const may = (node: Node) => known || demandOf(observed.hosts[node.name]?.member) !== undefined
  const members = new Set(etcdNodes(cluster).map(({ name }) => name))
  return {
    ...cluster,
    nodes: cluster.nodes.map((node) => (members.has(node.name) && may(node) ? { ...node, demands } : node)),
  }
}

/** As `demandsForNow`, for members that are all started together. */
export function demandsTogether(cluster: Cluster, observed: Observed): Cluster {
  const all = etcdNodes(cluster).every(({ name }) => !lacksName(cluster, observed, name))
  if (!canDemand(cluster, observed) || !all) return cluster
  const demands = memberName(cluster.name)
  return { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, demands })) }
}

/** Why members that could require the name don't, and won't by themselves: shown with each plan; undefined: no obstacle. */
export function openPeers(cluster: Cluster, { authority, certificates }: Observed): string | undefined {
  const name = memberName(cluster.name)
  const unsigned = Object.entries(certificates).flatMap(([host, own]) =>
    Object.values(own).some((faults) => faults.some(isUnsigned) && !faults.some(isMissing)) ? [host] : [],
  )
  if (authority.forbidsMemberName === true)
    return `any certificate of the CA, even a client's, may send Raft messages: the CA's name constraints forbid ${name}, by which members know each other. Use a CA only for this cluster, or one that may sign that name`
  if (unsigned.length === 0) return undefined
  return `any certificate of the CA, even a client's, may send Raft messages: the CA has not signed ${name} for ${unsigned.join(', ')}. Request it with quorate certs csr, import the certificates, then run quorate apply`
}

function isUnsigned({ code }: CertificateFault): boolean {
  return code === 'member-name-unsigned'
}

function isMissing({ code }: CertificateFault): boolean {
  return code === 'missing'
}

/** The version supports it, and the CA may sign the name. */
function canDemand({ etcd }: Cluster, { authority }: Observed): boolean {
  return authority.forbidsMemberName !== true && environmentNames(etcd.version).includes(PEER_IDENTITY)
}

/** What a member requires: from its process, or if it doesn't run, from its settings; undefined: nothing. */
export function demandOf(state: MemberState | undefined): string | undefined {
  const file = state?.contents[PATHS.environment]
  const environment = state?.unit.environment ?? (file === undefined ? {} : parseEnvironmentFile(file))
  return environment[PEER_IDENTITY] || undefined
}

/** Whether a member rejects a peer without the name, or will after its start: then every certificate needs it. */
export function isDemanded({ name }: Pick<Cluster, 'name'>, hosts: Observed['hosts']): boolean {
  return Object.values(hosts).some(({ member }) => demandOf(member) === memberName(name))
}

/**
 * Whether a certificate without the name is acceptable for now: an offline CA may leave out a name that it doesn't know.
 * Then no member requires it.
 */
export function mayLackMemberName({ name, pki }: Cluster, hosts: Observed['hosts']): boolean {
  return pki.authority.home === 'offline' && !isDemanded({ name }, hosts)
}

/** Whether one of these hosts, once started, would reject another member: that one's certificate doesn't have the name yet. */
export function wouldReject(cluster: Cluster, observed: Observed, starting: readonly string[]): boolean {
  const nodes = etcdNodes(cluster)
  const requires = nodes.filter(({ name, demands }) => demands !== undefined && starting.includes(name))
  const lacking = nodes.filter(({ name }) => {
    const missing = faultsOf(observed, name, peerCertificate(cluster.pki.layout)).some(isMissing)
    // A stopped member without a certificate connects to no peer before it gets one. What a running one shows its peers
    // is unknown: it was started with the certificates of another layout.
    if (missing) return observed.hosts[name]?.member?.unit.environment !== undefined
    return lacksName(cluster, observed, name)
  })
  return requires.some((own) => lacking.some((other) => other !== own))
}

/** Every present or future member has the name, or gets it before it starts. Unknown means no. */
function isEveryoneKnown(cluster: Cluster, observed: Observed): boolean {
  const nodes = etcdNodes(cluster)
  if (!nodes.every((node) => isKnown(cluster, node, observed))) return false
  const formed = nodes.some(({ name }) => wasMember(observed.hosts[name]?.member))
  const listed = observed.cluster?.members ?? []
  if (listed.length === 0) return !formed
  // A leaving member may still be at the address of a new one: a node matches only one.
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
  // It runs with a certificate of another tool, until it is taken over.
  const pin = parsePin(state.contents[PATHS.clusterId] ?? '')
  if (elsewhereReason({ node, state, pin }) !== undefined) return false
  const faults = faultsOf(observed, name, peerCertificate(cluster.pki.layout))
  const { active, environment, path } = state.unit
  const stands = active === 'inactive' || active === 'failed'
  // A member without one gets it before it starts; what a running process without one shows its peers is unknown.
  if (faults.some(isMissing)) return stands
  // Its options are written before it is started, unless another tool's unit starts it.
  if (environment === undefined) return stands && (!state.dataPresent || path === PATHS.unit)
  // Without TLS nothing is required; it is restarted with quorate's files before it gets TLS.
  if (/^\s*http:/i.test(environment['ETCD_LISTEN_PEER_URLS'] ?? '')) return true
  return environment['ETCD_PEER_CERT_FILE'] === tlsPaths(cluster.pki.layout).peerCert
}

/** It has no peer certificate with the name. */
function lacksName({ pki }: Cluster, observed: Observed, host: string): boolean {
  return faultsOf(observed, host, peerCertificate(pki.layout)).some(({ code }) => NAMELESS.has(code))
}

const NAMELESS: ReadonlySet<CertificateFault['code']> = new Set([
  'member-name',
  'member-name-unsigned',
  'unreadable',
])

/**
 * Removes faults that must wait. A name that an offline CA must sign first is requested together with everything else,
 * and blocks nothing unless a peer requires it. While a CA that may not sign the name would issue for members that need
 * it, all faults wait.
 */
export function holdName(
  { cluster, until }: Pick<ApplyIntent, 'cluster' | 'until'>,
  observed: Observed,
): Observed {
  if (isStuck(cluster, observed)) return withFaults(observed, isMissing)
  if (until === 'requests' || isDemanded(cluster, observed.hosts)) return observed
  return withoutUnsigned(observed)
}

/** A name that an offline CA has not signed isn't a reason to issue a certificate. */
export function withoutUnsigned(observed: Observed): Observed {
  return withFaults(observed, (fault) => !isUnsigned(fault))
}

/** A member requires a name that the signing CA may not give to another. */
export function isStuck(cluster: Cluster, { authority, hosts }: Observed): boolean {
  return authority.forbidsMemberName === true && isDemanded(cluster, hosts)
}

/**
 * For a plan: the remaining faults of a missing certificate once it is requested. The request has the name, and a CA is
 * expected to sign it until it has left it out once.
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
 * For a plan: the remaining faults of a certificate once it is issued. A stopped member starts with the certificate that the
 * CA made of its waiting request. If the name was not signed, no member is restarted for it.
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
