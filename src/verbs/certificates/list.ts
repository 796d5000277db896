/** `quorate certs list`: lists every certificate that quorate knows, as found where it is used. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import { PATHS, type TlsState } from '../../host/state.ts'
import { expiredSigner, isLapsed } from '../../tiers/etcd/facts/ca-validity.ts'
import { parseCertificates } from '../../pki/chain.ts'
import { type Session, operatorDirectory } from '../../tiers/etcd/session.ts'
import { PLACES, SCHEDULE_USER } from '../../schedule/places.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { clientsDirectory } from './kept-clients.ts'
import { kubernetesAuthorities, kubernetesLeaves } from './list-kubernetes.ts'
import { type ListedCertificate, NOTHING, type Origin, listed } from './listed.ts'
import { lookAt } from '../../tiers/etcd/facts/observe.ts'
import { scheduleCertificate } from '../../schedule/certificate.ts'

export type { ListedCertificate } from './listed.ts'

export interface CertificateList {
  /** In this order: CAs, members in the file's order, Kubernetes nodes, clients. */
  readonly certificates: readonly ListedCertificate[]
  /** Nodes that could not be inspected, and expired CAs. */
  readonly errors: readonly QuorateError[]
}

export async function listCertificates(session: Session): Promise<CertificateList> {
  const { cluster } = session
  const now = session.now()
  const others = cluster.kubernetes === undefined ? [] : kubernetesNodes(cluster)
  const nodes = new Set([...etcdNodes(cluster), ...others])
  const { results, errors } = await lookAt(
    session,
    cluster.nodes.filter((node) => nodes.has(node)),
  )
  const states = results.flatMap(({ host, value }) => (value.member ? [{ host, tls: value.member.tls }] : []))
  const own = states.flatMap(({ host, tls }) => memberCertificates(host, tls, now))
  const [scheduled, trouble] = await ofSchedule(session, now)
  const clients = await Promise.all(
    [operatorDirectory(cluster), clientsDirectory(cluster)].map((folder) => clientCertificates(folder, now)),
  )
  const [ofKubernetes, more] = await kubernetesAuthorities(session, now)
  const leaves = results.flatMap(({ host, value }) => kubernetesLeaves(cluster, host, value, now))
  const cas = [...authorities(states, now), ...ofKubernetes]
  return {
    certificates: [...cas, ...own, ...leaves, ...clients.flat(), ...scheduled],
    errors: [...errors, ...trouble, ...more, ...(await caTrouble(session, states))],
  }
}

/** Problems: the signing CA has expired; or it was renewed, but members only know the expired one. */
async function caTrouble(
  session: Session,
  states: readonly { host: string; tls: TlsState }[],
): Promise<readonly QuorateError[]> {
  const { cluster } = session
  const now = session.now()
  const expired = expiredSigner(cluster, await session.bundle(), now)
  if (expired !== undefined) return [expired]
  return states
    .filter(({ tls }) => tls.ca !== undefined && isLapsed(tls.ca, now))
    .map(({ host }) => {
      const message = 'the member trusts only expired CAs'
      return new QuorateError('pki', message, {
        host,
        hint: 'make it trust the current CA: quorate apply',
      })
    })
}

function memberCertificates(host: string, tls: TlsState, now: Date): ListedCertificate[] {
  const origin = (name: string): Origin => ({
    owner: host,
    kind: 'member',
    host,
    file: `${PATHS.tls}/${name}.crt`,
  })
  const present = Object.entries(tls.certificates).map(([name, { pem }]) => listed(origin(name), pem, now))
  const waiting = Object.keys(tls.pending).map((name) => ({
    ...origin(name),
    ...NOTHING,
    state: 'waiting' as const,
  }))
  return [...present, ...waiting]
}

/** Every CA that some member trusts, once, with the members that trust it. */
function authorities(states: readonly { host: string; tls: TlsState }[], now: Date): ListedCertificate[] {
  const found = new Map<string, ListedCertificate>()
  for (const { host, tls } of states) {
    if (tls.ca === undefined) continue
    const origin: Origin = { owner: 'CA', kind: 'ca', host, file: `${PATHS.tls}/ca.crt` }
    for (const certificate of parseAll(tls.ca)) {
      if (!found.has(certificate)) found.set(certificate, listed(origin, certificate, now))
    }
  }
  return [...found.values()]
}

function parseAll(pem: string): readonly string[] {
  try {
    return parseCertificates(pem, 'ca.crt').map(String)
  } catch {
    // Listed unchanged: `listed` reports that it can't be read.
    return [pem]
  }
}

/** The certificate that a node takes scheduled backups with; or why it can't be listed. */
async function ofSchedule(
  session: Session,
  now: Date,
): Promise<readonly [readonly ListedCertificate[], readonly QuorateError[]]> {
  try {
    const found = await scheduleCertificate(session)
    if (found === undefined) return [[], []]
    const { node, pem } = found
    const origin = {
      owner: SCHEDULE_USER,
      kind: 'client',
      host: node.name,
      file: PLACES.certificate,
    } as const
    return [[listed(origin, pem, now)], []]
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return [[], [error]]
  }
}

async function clientCertificates(folder: string, now: Date): Promise<ListedCertificate[]> {
  const files = await filesIn(folder)
  const names = files.filter((file) => file.endsWith('.key')).map((file) => file.slice(0, -'.key'.length))
  return await Promise.all(
    names.sort().map(async (name) => {
      const file = path.join(folder, `${name}.crt`)
      const origin: Origin = { owner: name, kind: 'client', host: null, file }
      if (!files.includes(`${name}.crt`)) return { ...origin, ...NOTHING, state: 'waiting' }
      return listed(origin, await readText(file), now)
    }),
  )
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
