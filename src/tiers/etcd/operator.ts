/** quorate's own client certificate for etcd. Its key is created on the workstation, and never leaves it. */
import { createPublicKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import type { MemberTls } from '../../etcd/endpoint.ts'
import type { Authority } from '../../pki/authority.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Emit } from '../../engine/events.ts'

/** Its common name. */
export const OPERATOR = 'quorate-operator'

/** The parameters of the certificate, and the clock. */
export interface OperatorOptions {
  readonly cluster: Cluster
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly emit: Emit
}

export function operatorDirectory(cluster: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(cluster.stateDirectory, 'operator')
}

/** False only for a CA that quorate creates itself, on this workstation, and that doesn't exist yet. */
export async function authorityIsThere(cluster: Cluster): Promise<boolean> {
  const { authority } = cluster.pki
  if (authority.home !== 'local' || authority.certificate !== undefined) return true
  const { localAuthorityExists } = await import('../../pki/local.ts')
  return await localAuthorityExists({ directory: path.join(cluster.stateDirectory, 'ca') })
}

/**
 * The client certificate and the trusted CAs; created if there is none yet.
 *
 * A certificate from a CA that is no longer known is used unchanged. A cluster file that names another CA doesn't
 * change whom the members trust; issuing certificates for them does (`issueOperator`).
 */
export async function operatorCredentials(
  options: OperatorOptions,
  authority: Authority,
): Promise<MemberTls> {
  await requireAuthority(options.cluster)
  const present = await readCredentials(options.cluster)
  const trust = await authority.trust(options.signal)
  if (present !== undefined && (await isFromAnotherCa(present, trust, options.now()))) {
    const { bundleOf } = await import('../../pki/trust.ts')
    return { ...present, ca: bundleOf(present.ca, trust) }
  }
  await issueOperator(options, authority)
  const made = await readCredentials(options.cluster)
  if (made === undefined) throw new TypeError('the certificate that was just made is gone')
  return made
}

/**
 * Creates it, or replaces it if it expires soon or is from an untrusted CA. One that is valid and can't be renewed stays,
 * with a warning.
 * @returns whether it was replaced
 * @throws QuorateError of the CA, if there is no valid one
 */
export async function issueOperator(options: OperatorOptions, authority: Authority): Promise<boolean> {
  const { makeClientCertificate } = await import('../../pki/client.ts')
  const { cluster, now, signal, emit } = options
  const wanted = {
    authority,
    directory: operatorDirectory(cluster),
    name: OPERATOR,
    days: cluster.pki.days,
    algorithm: cluster.pki.algorithm,
    now: now(),
    signal,
  }
  const made = await makeClientCertificate(wanted).catch(async (error: unknown) => {
    if (!(error instanceof QuorateError) || error.code === 'cancelled' || signal.aborted) throw error
    const present = await readCredentials(cluster)
    if (present === undefined || !(await isGoodYet(present, await authority.trust(signal), now())))
      throw error.with({ message: `can't issue the operator's certificate for etcd: ${error.message}` })
    // A CA key that is elsewhere must not stop a command that needs no new certificate yet.
    const { ageOf } = await import('../../pki/age.ts')
    const until = ageOf(present.cert, now()).notAfter.toISOString().slice(0, 10)
    const text = `the operator's certificate for etcd expires on ${until}, and could not be renewed: ${error.message}`
    emit({ type: 'warning', id: 'operator-certificate-not-renewed', text })
    return undefined
  })
  if (made === undefined) return false
  // It may stay a certificate of the other CA: a rotation of the CA replaces it in time.
  const warnings = made.result === 'kept' ? [] : made.warnings
  for (const text of warnings) emit({ type: 'warning', text: `the operator's certificate: ${text}` })
  if (made.result === 'waiting') {
    const present = await readCredentials(cluster)
    // A certificate that expires soon is valid until then.
    if (present !== undefined && (await isGoodYet(present, await authority.trust(signal), now())))
      return false
    throw new QuorateError('pki', "the operator's certificate is not signed yet", {
      hint: 'write the requests with quorate certs csr --out DIR, have them signed, then run quorate certs import DIR',
    })
  }
  return made.result === 'issued'
}

/** Using the authority would create one: for a running cluster, the wrong one. */
async function requireAuthority(cluster: Cluster): Promise<void> {
  if (await authorityIsThere(cluster)) return
  throw new QuorateError('pki', `no client certificate for etcd: CA not found in ${cluster.stateDirectory}`, {
    hint: 'put the state directory back, or set its path in the cluster file (`state`); if there is no cluster yet: quorate apply',
  })
}

async function isFromAnotherCa(present: MemberTls, caPem: string, now: Date): Promise<boolean> {
  const reasons = await reasonsAgainst(present, caPem, now)
  return reasons.length > 0 && reasons.every(({ code }) => code === 'issuer')
}

async function isGoodYet(present: MemberTls, caPem: string, now: Date): Promise<boolean> {
  const reasons = await reasonsAgainst(present, caPem, now)
  return reasons.every(({ code }) => code === 'old-issuer')
}

/** That it expires soon isn't a reason. */
async function reasonsAgainst({ cert, key }: MemberTls, caPem: string, now: Date) {
  const [{ checkCertificate }, { NO_NAMES }, { spkiSha256 }] = await Promise.all([
    import('../../pki/check-certificate.ts'),
    import('../../pki/names.ts'),
    import('../../pki/certificate.ts'),
  ])
  // A key that can't be read matches no certificate; its error is reported where it is used.
  const keySpki = isKey(key) ? spkiSha256(createPublicKey(key)) : ''
  const who = { allowed: NO_NAMES, profile: 'client', commonName: OPERATOR, keySpki } as const
  return checkCertificate({ pem: cert, caPem, now, ...who })
}

function isKey(pem: string): boolean {
  try {
    createPublicKey(pem)
    return true
  } catch {
    return false
  }
}

/** undefined: missing or incomplete. */
async function readCredentials(cluster: Cluster): Promise<MemberTls | undefined> {
  const folder = operatorDirectory(cluster)
  const files = ['ca.crt', `${OPERATOR}.crt`, `${OPERATOR}.key`].map((name) => path.join(folder, name))
  if (!files.every((file) => existsSync(file))) return undefined
  const [ca = '', cert = '', key = ''] = await Promise.all(files.map(async (file) => await readText(file)))
  return { ca, cert, key }
}
