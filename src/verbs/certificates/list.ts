/** `quorate certs list`: every certificate that quorate knows of, as it is where it is used. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import { PATHS, type TlsState } from '../../host/state.ts'
import { describe } from '../../pki/certificate.ts'
import { expiredSigner, isLapsed } from '../../tiers/etcd/facts/ca-validity.ts'
import { parseCertificates } from '../../pki/chain.ts'
import { weaknesses } from '../../pki/strength.ts'
import { type Session, operatorDirectory } from '../../tiers/etcd/session.ts'
import { PLACES, SCHEDULE_USER } from '../../schedule/places.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { clientsDirectory } from './kept-clients.ts'
import { lookAt } from '../../tiers/etcd/facts/observe.ts'
import { scheduleCertificate } from '../../schedule/certificate.ts'

/** Stable and documented in docs/commands.md. null: not known, because the file can't be read. */
export interface ListedCertificate {
  /** The node, `CA`, or a client's name. */
  readonly owner: string
  readonly kind: 'member' | 'ca' | 'client'
  /** The node the file is on; null: this computer. */
  readonly host: string | null
  readonly file: string
  /** `waiting`: there is a key and a request, but no certificate yet. */
  readonly state: 'present' | 'waiting' | 'unreadable'
  readonly commonName: string | null
  readonly dns: readonly string[]
  readonly ips: readonly string[]
  /** In one line, `CN=…`. */
  readonly issuer: string | null
  /** Upper-case hexadecimal. */
  readonly serial: string | null
  /** ISO 8601, UTC. */
  readonly notBefore: string | null
  readonly notAfter: string | null
  /** Whole days, rounded down; negative: expired. */
  readonly daysLeft: number | null
  /** What is too weak about it, each completing 'it …'; empty: nothing. */
  readonly weaknesses: readonly string[]
}

export interface CertificateList {
  /** The CA's first, then the members' in the file's order, then clients'. */
  readonly certificates: readonly ListedCertificate[]
  /** Machines that could not be looked at; and CAs that have expired. */
  readonly errors: readonly QuorateError[]
}

export async function listCertificates(session: Session): Promise<CertificateList> {
  const { cluster } = session
  const now = session.now()
  const { results, errors } = await lookAt(session, etcdNodes(cluster))
  const states = results.flatMap(({ host, value }) => (value.member ? [{ host, tls: value.member.tls }] : []))
  const own = states.flatMap(({ host, tls }) => memberCertificates(host, tls, now))
  const [scheduled, trouble] = await ofSchedule(session, now)
  const clients = await Promise.all(
    [operatorDirectory(cluster), clientsDirectory(cluster)].map((folder) => clientCertificates(folder, now)),
  )
  const certificates = [...authorities(states, now), ...own, ...clients.flat(), ...scheduled]
  return { certificates, errors: [...errors, ...trouble, ...(await caTrouble(session, states))] }
}

/** The CA that signs has expired; or it was renewed, and members know the expired one alone. */
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
      const message = 'its member trusts expired CAs alone'
      return new QuorateError('pki', message, {
        host,
        hint: 'have it trust the CA that signs now: quorate apply',
      })
    })
}

type Origin = Pick<ListedCertificate, 'owner' | 'kind' | 'host' | 'file'>

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

/** Every CA that some member trusts, once, with the members that do. */
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
    // Listed as it stands: `listed` says that it can't be read.
    return [pem]
  }
}

/** A node's own, with which it takes backups; or why that can't be told. */
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

const NOTHING = {
  commonName: null,
  dns: [],
  ips: [],
  issuer: null,
  serial: null,
  notBefore: null,
  notAfter: null,
  daysLeft: null,
  weaknesses: [],
}

function listed(origin: Origin, pem: string, now: Date): ListedCertificate {
  try {
    const [certificate] = parseCertificates(pem, origin.file)
    const facts = describe(certificate)
    return {
      ...origin,
      state: 'present',
      commonName: facts.commonName,
      dns: facts.sans.dns,
      ips: facts.sans.ips,
      issuer: facts.issuer,
      serial: facts.serial,
      notBefore: facts.notBefore.toISOString(),
      notAfter: facts.notAfter.toISOString(),
      daysLeft: facts.daysLeft(now),
      weaknesses: weaknesses(certificate),
    }
  } catch {
    // One that can't be read is part of the answer; what is wrong with it, apply says.
    return { ...origin, ...NOTHING, state: 'unreadable' }
  }
}
