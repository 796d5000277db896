/** Looks at all hosts and at etcd, and judges what needs a clock or cryptography, so that the planner needs neither. */
import { combineErrors } from '../../../errors.ts'
import { looksFor, parseHostState } from '../../../host/observe.ts'
import { runAgent } from '../../../host/agent.ts'
import type { HostState } from '../../../host/state.ts'
import { certificateNames, namesOf, peerCertificate, profileOf } from '../plan/certificates.ts'
import { keptStopped } from '../plan/kept.ts'
import { outrunNodes } from './stale-looks.ts'
import type { AuthorityFacts, CertificateFault, NetworkFacts, Observed } from './observed.ts'
import { localPort } from '../../../etcd/local-port.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'
import { onAll } from '../../../ssh/fleet.ts'
import { authorityOf } from './authority-facts.ts'
import { validityFacts } from './ca-validity.ts'
import { clusterFacts } from './facts.ts'
import { headStart } from '../../../engine/head-start.ts'
import type { Session } from '../session.ts'
import { signedNames, tellUnsigned } from './signed-names.ts'

/** @throws QuorateError for every host that can't be looked at, all at once: nothing is planned on half a picture. */
export async function observe(session: Session, judgement: Judgement = judge): Promise<Observed> {
  const { cluster } = session
  session.emit({ type: 'looking', hosts: cluster.nodes.map((node) => node.name) })
  const { results, errors } = await onAll(cluster.nodes, async (node) => {
    const started = performance.now()
    await session.remote(node)
    session.emit({ type: 'connected', host: node.name, durationMs: performance.now() - started })
    if (node.roles.includes('etcd') && judgement === judge)
      void headStart(async () => await warmUp(session, node))
    return await lookAtHost(session, node)
  })
  if (errors.length > 0) throw combineErrors(errors)
  const hosts = Object.fromEntries(results.map(({ host, value }) => [host, value]))
  return await judgement(session, hosts, false)
}

/** As `observe`, in the midst of a run: that the cluster was verified stays so. */
export async function observeAgain(
  session: Session,
  { cluster: before }: Observed,
  judgement: Judgement = judge,
): Promise<Observed> {
  const again = await observe(session, judgement)
  if (again.cluster === undefined || before === undefined) return again
  return { ...again, cluster: { ...again.cluster, verified: before.verified } }
}

/** In one round trip; etcd is not asked. @throws QuorateError if the machine can't be looked at */
export async function lookAtHost(session: Session, node: Node): Promise<HostState> {
  const { lines } = await runAgent(await session.remote(node), {
    operations: [],
    looks: looksFor(session.cluster, node, session.tiers),
    signal: session.signal,
  })
  return parseHostState(node.name, node.roles.includes('etcd'), lines)
}

/** What is made of the machines' answers. */
export type Judgement = (
  session: Session,
  hosts: Readonly<Record<string, HostState>>,
  verified: boolean,
) => Promise<Observed>

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
 * Adds to the hosts what etcd, the clock and the certificates say. Machines are looked at before etcd is asked: one on
 * which a member was just starting then is looked at again.
 */
export const judge: Judgement = async (session, hosts, verified) => {
  const observed = await judgeOnce(session, hosts, verified)
  const outrun = outrunNodes(session.cluster, observed)
  if (outrun.length === 0) return observed
  return { ...observed, hosts: { ...observed.hosts, ...(await lookAtHosts(session, outrun)) } }
}

/** @throws QuorateError of all that can't be looked at */
export async function lookAtHosts(session: Session, nodes: readonly Node[]): Promise<Observed['hosts']> {
  const { results, errors } = await onAll(nodes, async (node) => await lookAtHost(session, node))
  if (errors.length > 0) throw combineErrors(errors)
  return Object.fromEntries(results.map(({ host, value }) => [host, value]))
}

async function judgeOnce(
  session: Session,
  hosts: Readonly<Record<string, HostState>>,
  verified: boolean,
): Promise<Observed> {
  const running = runningNodes(session, hosts)
  const authority = await authorityFacts(session, hosts)
  const certificates = await certificateFaults(session, hosts, authority)
  // Without the CA nobody can be asked; the planner refuses to go on then.
  if (running.length === 0 || authority.bundle === undefined)
    return { hosts, authority, certificates, cluster: undefined, network: undefined }
  const [cluster, network] = await Promise.all([
    clusterFacts(session, running, verified, keptStopped(session, { hosts })),
    networkFacts(session, running),
  ])
  return { hosts, authority, certificates, cluster, network }
}

/** Adds what the certificates say and asks no member: for work that must not wait for any of them to answer. */
export const judgeCertificates: Judgement = async (session, hosts) => {
  const authority = await authorityFacts(session, hosts)
  const certificates = await certificateFaults(session, hosts, authority)
  return { hosts, authority, certificates, cluster: undefined, network: undefined }
}

/** Nodes whose unit is up or on its way there; each member is dialled where it listens now. */
export function runningNodes(session: Session, hosts: Observed['hosts']): readonly Node[] {
  return etcdNodes(session.cluster).filter((node) => {
    const unit = hosts[node.name]?.member?.unit
    const where = unit?.environment && localPort(unit.environment)
    if (where !== undefined) session.found(node, where)
    return unit?.active === 'active' || unit?.active === 'activating'
  })
}

/** A weak CA that some node trusts already is no reason to stop: the session warns of it. */
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
        // What has to be carried to an offline CA would hold up everything else: renewing says when, not apply.
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
    // A CA that is not here can't have issued it, whatever else it is.
    if (authority.bundle === undefined)
      return [{ code: 'issuer', message: 'was not issued by a CA that is here' }]
    const faults = check({
      pem: certificate.pem,
      allowed: namesOf(cluster, node, name, { host: hosts[node.name], authority }),
      // What peers demand is not taken from it for want of a CA that may sign it.
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

async function networkFacts(session: Session, running: readonly Node[]): Promise<NetworkFacts | undefined> {
  const { network } = session.cluster
  if (network === undefined) return undefined
  const { readStoredNetwork } = await import('../../flannel/network.ts')
  return await readStoredNetwork(session, network, running)
}
