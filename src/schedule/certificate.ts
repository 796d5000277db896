/** The certificate with which a node takes backups by itself: issued with its schedule, renewed with all the others. */
import type { Operation } from '../host/operations.ts'
import { inFull, QuorateError } from '../errors.ts'
import { ageOf, assertCaLasts, renewWithinDays } from '../pki/age.ts'
import type { Authority } from '../pki/authority.ts'
import { caEnd } from '../pki/ca-end.ts'
import { checkCertificate } from '../pki/check-certificate.ts'
import { NO_NAMES } from '../pki/names.ts'
import { renderOpensslConfig } from '../pki/openssl-config.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { counted } from '../spec/units.ts'
import type { Remote } from '../ssh/remote.ts'
import { scheduleNode } from './choose-node.ts'
import { type ScheduleThere, lookAtSchedule } from './look.ts'
import { NODE_EXPORTER, PLACES, SCHEDULE_USER } from './places.ts'
import { isOurs } from './whose.ts'

/** What this module needs of a session. */
interface ScheduleSession {
  readonly cluster: Cluster
  readonly remote: (node: Node) => Promise<Remote>
  readonly authority: () => Promise<Authority>
  /** PEM of the CAs that members' certificates may come from; undefined: there is no CA yet. */
  readonly bundle: () => Promise<string | undefined>
  readonly emit: (warning: {
    readonly type: 'warning'
    readonly host?: string | undefined
    readonly text: string
  }) => void
  readonly now: () => Date
  readonly signal: AbortSignal
}

export interface ScheduleCertificate {
  readonly node: Node
  readonly pem: string
  readonly there: ScheduleThere
}

export interface DueScheduleCertificate extends ScheduleCertificate {
  /** Worded like the reason for members' certificates: `is 300 of 365 days old`. */
  readonly why: string
}

/**
 * The certificate on the node that the cluster file names; undefined: no schedule in the file, or none on the node.
 *
 * @throws QuorateError if that node can't be inspected
 */
export async function scheduleCertificate(
  session: ScheduleSession,
): Promise<ScheduleCertificate | undefined> {
  const { cluster, signal } = session
  if (cluster.backup?.schedule === undefined) return undefined
  const node = scheduleNode(cluster)
  const there = await lookAtSchedule(await session.remote(node), { exporter: NODE_EXPORTER, signal })
  const { certificate } = there
  if (certificate === undefined || !isOurs(cluster, there)) return undefined
  return { node, pem: certificate, there }
}

/**
 * The certificate if it is past this share of its validity period, or invalid for another reason. Only warns if a node
 * can't be inspected, or its certificate can't be signed from this workstation.
 *
 * @throws QuorateError `pki` for a CA that expires soon itself
 */
export async function dueSchedule(
  session: ScheduleSession,
  share: number,
): Promise<DueScheduleCertificate | undefined> {
  const { cluster, emit } = session
  const now = session.now()
  try {
    const found = await scheduleCertificate(session)
    const trust = await session.bundle()
    if (found === undefined || trust === undefined) return undefined
    const { age, fault } = {
      age: ageOf(found.pem, now),
      fault: whyCertificate(cluster, found.there, { trust, now }),
    }
    if (fault === undefined && age.share < share) return undefined
    const why = fault ?? `is ${age.days} of ${counted(age.lifeDays, 'day')} old`
    if (cluster.pki.authority.home === 'offline') {
      const text = `the certificate of its backups is due (${why}), and an offline CA can't sign it: quorate backup schedule --remove`
      emit({ type: 'warning', host: found.node.name, text })
      return undefined
    }
    assertCaLasts({ ...caEnd(cluster, trust, now), urgent: age.notAfter <= now })
    return { ...found, why }
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled' || error.code === 'pki') throw error
    const text = `the age of its backup certificate is unknown: ${inFull(error)}`
    emit({ type: 'warning', host: error.host, text })
    return undefined
  }
}

/**
 * Why a certificate has to be issued; undefined: the present one is good, and doesn't expire soon.
 *
 * @param trust PEM: the CAs that members' certificates may come from
 */
export function whyCertificate(
  cluster: Cluster,
  { certificate, keySpki }: ScheduleThere,
  { trust, now }: { readonly trust: string; readonly now: Date },
): string | undefined {
  if (certificate === undefined || keySpki === undefined) return 'it has none'
  const reasons = checkCertificate({
    pem: certificate,
    allowed: NO_NAMES,
    profile: 'client',
    caPem: trust,
    now,
    commonName: SCHEDULE_USER,
    keySpki,
    renewWithinDays: renewWithinDays(cluster.pki.days),
  })
  return reasons.length === 0
    ? undefined
    : `the present one ${reasons.map(({ message }) => message).join(', ')}`
}

/** Activates it, with the key that waited for it. @param text PEM */
export function installCertificate(text: string): Operation {
  return ['schedule_certificate', { folder: PLACES.folder, group: SCHEDULE_USER, certificate: { text } }]
}

/** Creates a key and its request on the node. The key is not used until it has its certificate. */
export function scheduleKey({ cluster }: Pick<ScheduleSession, 'cluster'>): Operation {
  const { algorithm } = cluster.pki
  const configuration = renderOpensslConfig({
    commonName: SCHEDULE_USER,
    names: NO_NAMES,
    profile: 'client',
    algorithm,
  })
  return ['schedule_key', { folder: PLACES.folder, configuration: { text: configuration }, algorithm }]
}

/** @param lines output of `scheduleKey` @returns PEM */
export async function issueForSchedule(
  session: ScheduleSession,
  node: Node,
  lines: readonly string[],
): Promise<string> {
  const [request] = lines.flatMap((line) => /^request (\S+)$/.exec(line)?.slice(1) ?? [])
  if (request === undefined) throw new TypeError(`no request came from ${node.name}`)
  const { pem, warnings } = await (
    await session.authority()
  ).issue(
    {
      csrPem: Buffer.from(request, 'base64').toString('utf8'),
      profile: 'client',
      allowed: NO_NAMES,
      days: session.cluster.pki.days,
      subjectCommonName: SCHEDULE_USER,
    },
    session.signal,
  )
  for (const text of warnings) session.emit({ type: 'warning', host: node.name, text })
  return pem
}
