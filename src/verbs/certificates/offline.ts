/** Transfers to and from an offline CA: exports requests, and imports certificates. */
import { requireOwnOutput } from '../../files/state-folder.ts'
import { readdir } from 'node:fs/promises'
import { QuorateError, combineErrors } from '../../errors.ts'
import type { HostState } from '../../host/state.ts'
import { leafRequest } from '../../kubernetes/authorities.ts'
import { leavesOf } from '../../kubernetes/certificates.ts'
import type { IssueRequest } from '../../pki/authority.ts'
import { makeClientCertificate } from '../../pki/client.ts'
import { NO_NAMES } from '../../pki/names.ts'
import { exportRequests } from '../../pki/offline-export.ts'
import { type ImportReport, importCertificates } from '../../pki/offline-import.ts'
import { caPlace, issuedDirectory } from '../../pki/open.ts'
import { certificateNames, namesOf, profileOf } from '../../tiers/etcd/plan/certificates.ts'
import { mayLackMemberName } from '../../tiers/etcd/plan/peer-identity.ts'
import { authorityOf } from '../../tiers/etcd/facts/authority-facts.ts'
import { OPERATOR, type Session, operatorDirectory } from '../../tiers/etcd/session.ts'
import { type Cluster, type Node, etcdNodes, nodesWith } from '../../spec/cluster.ts'
import { converge } from '../../tiers/etcd/converge.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { clientsDirectory } from './kept-clients.ts'
import { lookAt } from '../../tiers/etcd/facts/observe.ts'
import { runVerb } from '../../engine/run-verb.ts'

export interface ExportedRequests {
  /** Names within the directory. */
  readonly files: readonly string[]
  /** Why the members' requests are not included yet; undefined: everything that is due is included. */
  readonly waitingFor: string | undefined
}

/**
 * Makes every node create the keys that it needs, under the lock. Then writes all waiting requests: for members, API
 * servers, the operator and clients.
 *
 * @throws QuorateError `usage` if the CA is not offline; whatever `converge` throws
 */
export async function exportCertificateRequests(
  session: Session,
  directory: string,
): Promise<ExportedRequests> {
  assertOffline(session)
  requireOwnOutput(directory, 'make')
  const { cluster } = session
  const clients = await waitingClients(session)
  try {
    const intent = { ...applyIntent(cluster, session.now()), until: 'requests' as const }
    const { observed } = await converge(session, { name: 'certs csr', intent })
    const requests = [...(await memberRequests(session, Object.values(observed.hosts))), ...clients]
    return { files: await exportAll(requests, directory), waitingFor: undefined }
  } catch (error) {
    // Running members can't be queried until the operator's own certificate is signed, so that one comes first.
    const first = error instanceof QuorateError && error.code === 'pki' && clients.length > 0
    if (!first) throw error
    const waitingFor = `members can't be asked before ${OPERATOR} has its certificate: ${error.message}. Have this request signed, import it, then rerun the command`
    // Requests that already exist on nodes can go to the CA at once: no member has to be queried for that.
    const { results } = await lookAt(session, nodesOfCa(session))
    const requests = await memberRequests(
      session,
      results.map(({ value }) => value),
    )
    return { files: await exportAll([...requests, ...clients], directory), waitingFor }
  }
}

/**
 * Imports what the CA signed for the waiting requests; `apply` then installs it.
 *
 * @throws QuorateError `usage` if the CA is not offline; the errors of unreachable hosts; `pki` for a CA or a directory
 *   that can't be used. A bad file is in the report.
 */
export async function importSignedCertificates(session: Session, directory: string): Promise<ImportReport> {
  assertOffline(session)
  const { result } = await runVerb<Session, readonly IssueRequest[], ImportReport>(session, {
    name: 'certs import',
    // The keys of the requests don't change, so one inspection is enough.
    decide: async (own, shown) => shown ?? (await expectedRequests(own)),
    confirm: async () => undefined,
    // Signed certificates stay on this workstation until `apply` copies them to the nodes.
    scope: () => 'none',
    same: () => true,
    lookHint: 'quorate certs list',
    probe: () => false,
    carryOut: async ({ session: own, decision }) => await takeSigned(own, directory, decision),
  })
  return result
}

/** Nodes with certificates from etcd's CA. */
function nodesOfCa({ cluster }: Session): readonly Node[] {
  const ofKubernetes = cluster.kubernetes === undefined ? [] : nodesWith(cluster, 'master')
  return [...new Set([...etcdNodes(cluster), ...ofKubernetes])]
}

/** All waiting requests: of members, API servers and clients. @throws QuorateError for nodes that can't be inspected */
async function expectedRequests(session: Session): Promise<readonly IssueRequest[]> {
  const { results, errors } = await lookAt(session, nodesOfCa(session))
  if (errors.length > 0) throw combineErrors(errors)
  const hosts = results.map(({ value }) => value)
  return [...(await memberRequests(session, hosts)), ...(await waitingClients(session))]
}

async function takeSigned(
  session: Session,
  directory: string,
  expected: readonly IssueRequest[],
): Promise<ImportReport> {
  const { cluster } = session
  const report = await importCertificates({
    directory,
    expected,
    caPem: await (await session.authority()).chain(session.signal),
    issuedDirectory: issuedDirectory(cluster),
    now: session.now(),
    place: caPlace(cluster),
  })
  // Installs clients' imported certificates next to their keys at once: that needs no node.
  await waitingClients(session)
  return report
}

function assertOffline({ cluster }: Session): void {
  if (cluster.pki.authority.home === 'offline') return
  throw new QuorateError('usage', 'the CA of this cluster is online and needs no requests by hand', {
    hint: 'run quorate apply, which signs what is due; use requests by hand only with pki.authority.offline in the cluster file',
  })
}

async function exportAll(requests: readonly IssueRequest[], directory: string): Promise<readonly string[]> {
  return requests.length === 0 ? [] : await exportRequests(requests, directory)
}

async function memberRequests(
  session: Session,
  hosts: readonly HostState[],
): Promise<readonly IssueRequest[]> {
  const { cluster } = session
  const authority = await authorityOf(cluster, await session.bundle())
  const byName = Object.fromEntries(hosts.map((host) => [host.name, host]))
  const ofMembers = etcdNodes(cluster).flatMap((node) => {
    const host = byName[node.name]
    const pending = host?.member?.tls.pending ?? {}
    return certificateNames(cluster).flatMap((name): IssueRequest[] => {
      const csrPem = pending[name]?.csr
      if (csrPem === undefined) return []
      const { days } = cluster.pki
      return [
        {
          csrPem,
          profile: profileOf(name),
          allowed: namesOf(cluster, node, name, { host, authority }),
          mayLackMemberName: mayLackMemberName(cluster, byName),
          days,
          subjectCommonName: node.name,
        },
      ]
    })
  })
  return [...ofMembers, ...apiServerRequests(cluster, byName)]
}

/**
 * Requests for the client certificates that API servers use for etcd. Kubernetes' own CAs, which are on this
 * workstation, sign all others.
 */
function apiServerRequests(
  cluster: Cluster,
  hosts: Readonly<Record<string, HostState>>,
): readonly IssueRequest[] {
  if (cluster.kubernetes === undefined) return []
  return nodesWith(cluster, 'master').flatMap((node) =>
    leavesOf(cluster, node)
      .filter(({ authority }) => authority === 'etcd')
      .flatMap((leaf) => {
        const request = hosts[node.name]?.services?.leaves?.[leaf.id]?.request
        return request === undefined ? [] : [leafRequest(cluster, leaf, request.csr).request]
      }),
  )
}

/**
 * Requests of the operator and of all clients whose keys are on this workstation. Signed ones are installed, unless the
 * client's present certificate is from the old CA of a rotation: `followClients` replaces that once every member trusts
 * the new CA.
 */
async function waitingClients(session: Session): Promise<readonly IssueRequest[]> {
  const { cluster, now, signal } = session
  const { days, algorithm } = cluster.pki
  const authority = await session.authority()
  const clients = clientsDirectory(cluster)
  const wanted = [
    { directory: operatorDirectory(cluster), name: OPERATOR },
    ...(await keysIn(clients)).map((name) => ({ directory: clients, name })),
  ]
  const requests: IssueRequest[] = []
  for (const { directory, name } of wanted) {
    const made = await makeClientCertificate({
      authority,
      directory,
      name,
      days,
      algorithm,
      now: now(),
      signal,
    })
    if (made.request === undefined) continue
    requests.push({
      csrPem: made.request,
      profile: 'client',
      allowed: NO_NAMES,
      days,
      subjectCommonName: name,
    })
  }
  return requests
}

async function keysIn(folder: string): Promise<readonly string[]> {
  try {
    const files = await readdir(folder)
    return files.filter((file) => file.endsWith('.key')).map((file) => file.slice(0, -'.key'.length))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
