/** Checks CAs against the clock: whether the signing CA has expired, and which of the trusted CAs have. */
import type { X509Certificate } from 'node:crypto'
import type { HostState } from '../../../host/state.ts'
import { type ExpiredCa, expiredCa } from '../../../pki/ca-renewal.ts'
import { parseCertificates } from '../../../pki/chain.ts'
import { caPlace } from '../../../pki/open.ts'
import { fingerprintsOf } from '../../../pki/trust-mark.ts'
import type { AuthorityFacts } from './observed.ts'
import { UNKNOWN_YET } from './unknown.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { rememberExpired } from './expired-cas.ts'

/** @param bundle the trust bundle (PEM). @returns undefined: the CA that signs is valid, or there is none yet */
export function expiredSigner(
  cluster: Cluster,
  bundle: string | undefined,
  now: Date,
): ExpiredCa | undefined {
  if (bundle === undefined || bundle === UNKNOWN_YET) return undefined
  // A CA above it may have expired: clients that trust this one don't need it.
  const [signer] = certificatesOf(bundle)
  const expired = signer !== undefined && hasExpired(signer, now)
  return expired ? expiredCa(signer, caPlace(cluster)) : undefined
}

/** What the planner has to know about it. */
export async function validityFacts(
  cluster: Cluster,
  bundle: string,
  hosts: Readonly<Record<string, HostState>>,
  now: Date,
): Promise<Pick<AuthorityFacts, 'expired' | 'lapsed'>> {
  const expired = expiredSigner(cluster, bundle, now)
  const trusted = [...new Set(Object.values(hosts).flatMap(({ member }) => member?.tls.ca ?? []))]
  const seen = trusted.flatMap((pem) => certificatesOf(pem).filter((one) => hasExpired(one, now)))
  const known = await rememberExpired(
    cluster,
    seen.map((certificate) => `${certificate.toString().trimEnd()}\n`),
  )
  const lapsed = known.filter((pem) => isLapsed(pem, now)).flatMap((pem) => fingerprintsOf(pem))
  return {
    ...(expired === undefined ? {} : { expired: { message: expired.message, hint: expired.hint } }),
    ...(lapsed.length === 0 ? {} : { lapsed }),
  }
}

/** Whether a bundle has CAs, and all of them have expired. */
export function isLapsed(pem: string, now: Date): boolean {
  const certificates = certificatesOf(pem)
  return certificates.length > 0 && certificates.every((certificate) => hasExpired(certificate, now))
}

function hasExpired({ validToDate }: X509Certificate, now: Date): boolean {
  return validToDate <= now
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  try {
    return parseCertificates(pem, 'the trusted CAs')
  } catch {
    return []
  }
}
