/**
 * quorate's own credentials for API servers: a client certificate whose key is created on this workstation, and never
 * leaves it.
 */
import path from 'node:path'
import { makeClientCertificate } from '../pki/client.ts'
import { NO_NAMES } from '../pki/names.ts'
import { DAY_MS } from '../pki/authority.ts'
import { readText } from '../files/read-file.ts'
import type { AuthoritiesSession, KubernetesAuthorities } from './authorities.ts'
import { kubernetesDirectory } from './local-home.ts'

/** Its user, and the group that a ClusterRoleBinding gives the role cluster-admin. */
export const API_OPERATOR = { user: 'quorate-operator', group: 'quorate:operators' } as const

/** The group that needs no binding, and whose permissions can't be revoked. */
export const MASTERS = 'system:masters'

/** As `node:tls` takes them, PEM. */
export interface ApiCredentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const MINUTES = 10

/** Created if missing, and renewed before it expires; kept in the state directory. @throws QuorateError `pki` */
export async function operatorApiCredentials(
  session: AuthoritiesSession,
  authorities: Pick<KubernetesAuthorities, 'kubernetes'>,
): Promise<ApiCredentials> {
  const { cluster, now, signal } = session
  const made = await makeClientCertificate({
    authority: authorities.kubernetes,
    directory: path.join(kubernetesDirectory(cluster), 'operator'),
    name: API_OPERATOR.user,
    organizations: [API_OPERATOR.group],
    days: cluster.kubernetes?.pki.days ?? cluster.pki.days,
    algorithm: cluster.pki.algorithm,
    now: now(),
    signal,
  })
  const [ca, cert, key] = await Promise.all([made.ca, made.certificate, made.key].map(readOne))
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' }
}

/**
 * For a new cluster, in which no user has permissions yet: in the group system:masters, only in memory, and valid for
 * ten minutes (for a day if openssl on the CA's node signs it, which counts in days).
 */
export async function masterCredentials(
  session: AuthoritiesSession,
  authorities: Pick<KubernetesAuthorities, 'kubernetes'>,
): Promise<ApiCredentials> {
  const { signal } = session
  const { makeCsr, makeKeyPair, privateKeyPem } = await import('../pki/signer.ts')
  const keys = await makeKeyPair('ecdsa-p256')
  const user = 'quorate-bootstrap'
  const onHost = authorities.kubernetes.home === 'host'
  const request = {
    csrPem: await makeCsr(user, keys, [], [MASTERS]),
    profile: 'client',
    allowed: NO_NAMES,
    days: onHost ? 1 : (MINUTES * 60_000) / DAY_MS,
    subjectCommonName: user,
    organizations: [MASTERS],
  } as const
  const { pem } = await authorities.kubernetes.issue(request, signal)
  return { ca: await authorities.kubernetes.trust(signal), cert: pem, key: privateKeyPem(keys.privateKey) }
}

async function readOne(file: string): Promise<string> {
  return await readText(file)
}
