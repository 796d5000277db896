/** Observes nodes and etcd, and judges what needs a clock or cryptography, so that no planner needs either. */
import { combineErrors } from '../../../errors.ts'
import { looksFor, parseHostState } from '../../../host/observe.ts'
import { runAgent } from '../../../host/agent.ts'
import type { HostState } from '../../../host/state.ts'
import { certificateNames, namesOf, peerCertificate, profileOf } from '../plan/certificates.ts'
import { keptStopped } from '../plan/kept.ts'
import { staleNodes } from './stale-looks.ts'
import type { AuthorityFacts, CertificateFault, Observed } from './observed.ts'
import { localPort } from '../../../etcd/local-port.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'
import { type HostOutcomes, onAll } from '../../../ssh/fleet.ts'
import { authorityOf } from './authority-facts.ts'
import { validityFacts } from './ca-validity.ts'
import { type Facets, EVERYTHING } from './facets.ts'
import { askRunning, withOthers } from './facts.ts'
import { headStart } from '../../../engine/head-start.ts'
import type { NetworkFacts } from '../../../flannel/network.ts'
import type { Session } from '../session.ts'
import { signedNames, tellUnsigned } from './signed-names.ts'

/**
 * The only way to observe: reads exactly what a command needs.
 *
 * @throws QuorateError of all nodes that can't be observed. If nodes may be left out: of those that fail for another
 *   reason than the network, or if no node is reachable.
 */
export async function observe(session: Session, facets: Facets = EVERYTHING): Promise<Observed> {
  const { cluster } = session
  const nodes = facets.machines === 'etcd' ? etcdNodes(cluster) : cluster.nodes
  const [hosts, view] = await Promise.all([
    lookAtMachines(session, nodes, facets),
    facets.members === 'all'
      ? import('./view-members.ts').then(async ({ viewMembers }) => await viewMembers(session))
      : undefined,
  ])
  return view === undefined
    ? await judge(session, hosts, facets)
    : { ...(await judge(session, hosts, facets)), ...(await withOthers(session, view, { verified: false })) }
}

async function lookAtMachines(
  session: Session,
  nodes: readonly Node[],
  { members, askedIf, unreachable }: Facets,
): Promise<Observed['hosts']> {
  const onConnected = (node: Node) => {
    if (members === 'running' && askedIf === undefined && node.roles.includes('etcd'))
      void headStart(async () => await warmUp(session, node))
  }
  const { results, errors } = await lookAt(session, nodes, onConnected)
  const fatal = unreachable === 'refuse' ? errors : errors.filter(({ code }) => code !== 'unreachable')
  if (fatal.length > 0) throw combineErrors(fatal)
  return Object.fromEntries(results.map(({ host, value }) => [host, value]))
}

/**
 * Observes only the nodes, in one round trip each, all at once: for commands that must work without etcd and CA. A node that
 * can't be observed is among the errors.
 */
export async function lookAt(
  session: Session,
  nodes: readonly Node[],
  onConnected?: (node: Node) => void,
): Promise<HostOutcomes<HostState>> {
  session.emit({ type: 'looking', hosts: nodes.map(({ name }) => name) })
  return await onAll(nodes, async (node) => {
    const started = performance.now()
    await session.remote(node)
    session.emit({ type: 'connected', host: node.name, durationMs: performance.now() - started })
    onConnected?.(node)
    return await lookAtHost(session, node)
  })
}

/** As `observe`, during a run: keeps that the cluster was verified. */
export async function observeAgain(
  session: Session,
  { cluster: before }: Observed,
  facets: Facets = EVERYTHING,
): Promise<Observed> {
  const again = await observe(session, facets)
  if (again.cluster === undefined || before === undefined) return again
  return { ...again, cluster: { ...again.cluster, verified: before.verified } }
}

/** In one round trip; etcd is not asked. @throws QuorateError if the node can't be observed */
export async function lookAtHost(session: Session, node: Node): Promise<HostState> {
  const { lines } = await runAgent(await session.remote(node), {
    operations: [],
    looks: looksFor(session.cluster, node, session.tiers),
    signal: session.signal,
  })
  return parseHostState(node.name, node.roles.includes('etcd'), lines)
}

/** For the questions that `judge` asks: tunnel, TLS handshake, modules. */
async function warmUp(session: Session, node: Node): Promise<void> {
  await session.tunnel(node)
  if (!session.hasOperated) return
  const [[client], { Maintenance }] = await Promise.all([
    session.members([node]),
    import('../../../etcd/gen/maintenance_pb.ts'),
  ])
  await client?.call(Maintenance.method.status, {}, { timeoutMs: 1_000, signal: session.signal })
}

/**
 * Adds the facts from etcd, the clock and the certificates to those of the nodes. Nodes are observed before etcd is
 * asked: a node whose member was just starting is observed again.
 */
export async function judge(
  session: Session,
  hosts: Observed['hosts'],
  facets: Facets,
  verified = false,
): Promise<Observed> {
  const [judged, beside] = await Promise.all([
    judgeOnce(session, hosts, facets, verified),
    facets.beside === true ? besideFacts(session, hosts) : undefined,
  ])
  const observed = beside === undefined ? judged : { ...judged, beside }
  const stale = staleNodes(session.cluster, observed)
  if (stale.length === 0) return observed
  return { ...observed, hosts: { ...observed.hosts, ...(await lookAtHosts(session, stale)) } }
}

/** @throws QuorateError of all nodes that can't be observed */
export async function lookAtHosts(session: Session, nodes: readonly Node[]): Promise<Observed['hosts']> {
  const { results, errors } = await onAll(nodes, async (node) => await lookAtHost(session, node))
  if (errors.length > 0) throw combineErrors(errors)
  return Object.fromEntries(results.map(({ host, value }) => [host, value]))
}

async function judgeOnce(
  session: Session,
  hosts: Observed['hosts'],
  { members, askedIf, certificates: judged, network }: Facets,
  verified: boolean,
): Promise<Observed> {
  const asks = members === 'running' && askedIf?.(hosts) !== false
  const running = asks ? runningNodes(session, hosts) : []
  const authority = judged === true ? await authorityFacts(session, hosts) : { bundle: undefined }
  const certificates = judged === true ? await certificateFaults(session, hosts, authority) : {}
  const seen = { hosts, authority, certificates, cluster: undefined, network: undefined }
  // Without the CA no member can be asked; the planner refuses then.
  if (running.length === 0 || (judged === true && authority.bundle === undefined)) return seen
  const [said, stored] = await Promise.all([
    askRunning(session, running, verified, keptStopped(session, { hosts })),
    network === true ? networkFacts(session, running) : undefined,
  ])
  return { ...seen, ...said, network: stored }
}

/** Nodes whose unit is active or activating; each member is dialed where it listens now. */
export function runningNodes(session: Session, hosts: Observed['hosts']): readonly Node[] {
  return etcdNodes(session.cluster).filter((node) => {
    const unit = hosts[node.name]?.member?.unit
    const where = unit?.environment && localPort(unit.environment)
    if (where !== undefined) session.found(node, where)
    return unit?.active === 'active' || unit?.active === 'activating'
  })
}

/** A weak CA that a node already trusts isn't a reason to stop: the session warns about it. */
async function authorityFacts(session: Session, hosts: Observed['hosts']): Promise<AuthorityFacts> {
  const bundle = await session.bundle()
  const facts = await authorityOf(session.cluster, bundle)
  if (bundle === undefined) return facts
  const validity = await validityFacts(session.cluster, bundle, hosts, session.now())
  const strong = { ...facts, ...validity }
  const [{ weakCas }, { fingerprintsOf }] = await Promise.all([
    import('../../../pki/strength.ts'),
    import('../../../pki/trust-mark.ts'),
  ])
  const weak = weakCas(bundle)
  if (weak.length === 0) return strong
  const trusted = new Set(Object.values(hosts).flatMap(({ member }) => fingerprintsOf(member?.tls.ca ?? '')))
  const entering = weak.filter(({ fingerprint }) => !trusted.has(fingerprint))
  return { ...strong, tooWeak: entering.map(({ message }) => message) }
}

async function certificateFaults(
  session: Session,
  hosts: Readonly<Record<string, HostState>>,
  authority: AuthorityFacts,
): Promise<Observed['certificates']> {
  const { cluster } = session
  const members = etcdNodes(cluster)
  const some = members.some(
    (node) => Object.keys(hosts[node.name]?.member?.tls.certificates ?? {}).length > 0,
  )
  const [check, keyOwnerFaults, within] = some
    ? await Promise.all([
        import('../../../pki/check-certificate.ts').then(({ checkCertificate }) => checkCertificate),
        import('./key-owners.ts').then((module) => module.keyOwnerFaults),
        // A request to an offline CA would block everything else: renew decides when, not apply.
        cluster.pki.authority.home === 'offline'
          ? 0
          : import('../../../pki/age.ts').then(({ renewWithinDays }) => renewWithinDays(cluster.pki.days)),
      ])
    : []
  const signs = await signedNames(cluster, hosts)
  const faultsOf = (
    node: Node,
    name: ReturnType<typeof certificateNames>[number],
  ): readonly CertificateFault[] => {
    const tls = hosts[node.name]?.member?.tls
    const certificate = tls?.certificates[name]
    const keySpki = tls?.keys[name]
    if (
      certificate === undefined ||
      keySpki === undefined ||
      check === undefined ||
      keyOwnerFaults === undefined
    ) {
      return [{ code: 'missing', message: 'is missing' }]
    }
    // Checked first: a certificate from an unknown CA needs no other check.
    if (authority.bundle === undefined)
      return [{ code: 'issuer', message: 'was not issued by a CA of this cluster' }]
    const faults = check({
      pem: certificate.pem,
      allowed: namesOf(cluster, node, name, { host: hosts[node.name], authority }),
      // The peer requirement stays, even without a CA that may sign the name.
      tolerated: name === peerCertificate(cluster.pki.layout) ? [memberName(cluster.name)] : [],
      profile: profileOf(name),
      caPem: authority.bundle,
      now: session.now(),
      commonName: node.name,
      keySpki,
      algorithm: cluster.pki.algorithm,
      renewWithinDays: within,
    })
    return [...faults, ...keyOwnerFaults(cluster, hosts, node, name)]
  }
  return Object.fromEntries(
    members.map((node) => [
      node.name,
      Object.fromEntries(
        certificateNames(cluster).map((name) => {
          const faults = faultsOf(node, name)
          if (signs === undefined || name !== peerCertificate(cluster.pki.layout)) return [name, faults]
          return [name, tellUnsigned(faults, (which) => signs(node.name, name, which))]
        }),
      ),
    ]),
  )
}

async function besideFacts(session: Session, hosts: Observed['hosts']): Promise<Observed['beside']> {
  const found = (session.tiers ?? []).flatMap(({ name, observe: look }) =>
    look === undefined ? [] : [look(session, hosts).then((facts) => [name, facts] as const)],
  )
  return Object.fromEntries(await Promise.all(found))
}

async function networkFacts(session: Session, running: readonly Node[]): Promise<NetworkFacts | undefined> {
  const { network } = session.cluster
  if (network === undefined) return undefined
  const { readStoredNetwork } = await import('../../../flannel/network.ts')
  return await readStoredNetwork(session, network, running)
}
