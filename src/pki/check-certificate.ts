/** Whether a certificate in use still matches the cluster file. Pure: the clock is a parameter. */
import { X509Certificate } from 'node:crypto'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import { isReservedName } from '../spec/member-name.ts'
import { CLOCK_TOLERANCE_MS, DAY_MS } from './authority.ts'
import { describe } from './certificate.ts'
import { isIssuedBy, parseCertificates } from './chain.ts'
import { compareNames, printable, type AllowedNames } from './names.ts'
import { EXTENDED_USAGES, USAGE_OIDS, type Profile } from './profile.ts'
import { weaknesses } from './strength.ts'

/** Completes '… because it'. */
export const NOT_ISSUED = 'was not issued by the current CA'

export type ReissueCode =
  | 'unreadable'
  | 'subject'
  | 'missing-name'
  /** It lacks only the peer name. */
  | 'member-name'
  | 'foreign-name'
  | 'usage'
  | 'issuer'
  | 'old-issuer'
  | 'expired'
  | 'not-yet-valid'
  | 'expires-soon'
  | 'key'
  | 'algorithm'
  | 'weak'

/** Why a certificate must be renewed. The message completes '… because it', as `lacks IP 10.0.0.1`. */
export interface ReissueReason {
  readonly code: ReissueCode
  readonly message: string
}

export interface CertificateWish {
  /** The certificate; its chain may follow. */
  readonly pem: string
  readonly allowed: AllowedNames
  /** DNS names that are optional. */
  readonly tolerated?: readonly string[] | undefined
  readonly profile: Profile
  /** From `Authority.trust` or `Authority.chain`: the certificate must be signed by its first certificate. */
  readonly caPem: string
  readonly now: Date
  readonly commonName?: string | undefined
  /** The subject's organizations, exactly these; undefined: any. */
  readonly organizations?: readonly string[] | undefined
  /** SHA-256 of the public key (SPKI, DER, hexadecimal) of the key next to the certificate. */
  readonly keySpki?: string | undefined
  readonly algorithm?: KeyAlgorithm | undefined
  /**
   * Counts as due if fewer days than this are left; 0 by default. Not if the CA ends as soon, because a new certificate
   * would too.
   */
  readonly renewWithinDays?: number | undefined
  /**
   * It was just issued, or is imported: then a weak key or signature is a reason to refuse it. For one already in use,
   * only `certs list` reports that, because its CA may not be able to issue a better one.
   */
  readonly entering?: boolean | undefined
}

/**
 * Every reason to renew it; empty if it may stay. Foreign names are a reason: such a certificate could impersonate
 * another host. The order of names, the spelling of addresses, the serial and additional usages don't matter.
 * @throws QuorateError `pki` if `caPem` has no certificate
 */
export function checkCertificate(wish: CertificateWish): readonly ReissueReason[] {
  const [issuer, ...others] = parseCertificates(wish.caPem, 'the CA certificate')
  const certificate = firstCertificate(wish.pem)
  if (certificate === undefined)
    return [{ code: 'unreadable', message: "can't be read as a PEM certificate" }]
  const facts = describe(certificate)
  const names = compareNames(facts.sans, wish.allowed)
  const tolerated = new Set((wish.tolerated ?? []).map((name) => `DNS ${name}`))
  const foreign = [
    ...names.foreign.filter((name) => !tolerated.has(name)),
    ...facts.sans.others.map((name) => printable(name)),
  ]
  const membersOwn = names.missing.filter((name) => isReservedName(name))
  const missing = names.missing.filter((name) => !isReservedName(name))
  const missingUsages = EXTENDED_USAGES[wish.profile].filter(
    (usage) => !facts.ekus.includes(USAGE_OIDS[usage]),
  )

  const reasons: ReissueReason[] = []
  const found = (code: ReissueCode, message: string) => reasons.push({ code, message })
  if (wish.commonName !== undefined && facts.commonName !== wish.commonName) {
    found('subject', `is for ${printable(facts.commonName)}, not for ${wish.commonName}`)
  }
  const groups = wish.organizations
  if (groups !== undefined && facts.organizations.toSorted().join('\n') !== groups.toSorted().join('\n')) {
    const said = facts.organizations.map((name) => printable(name)).join(', ')
    found(
      'subject',
      `is for ${said === '' ? 'no organization' : `the organization ${said}`}, not for ${groups.join(', ') || 'none'}`,
    )
  }
  if (missing.length > 0) found('missing-name', `lacks ${missing.join(', ')}`)
  if (membersOwn.length > 0) found('member-name', `lacks ${membersOwn.join(', ')}, the peer name`)
  if (foreign.length > 0)
    found('foreign-name', `has names that don't belong to its node: ${foreign.join(', ')}`)
  if (missingUsages.length > 0) found('usage', `lacks the extended key usage ${missingUsages.join(' and ')}`)
  if (facts.isCa) found('usage', 'is a CA certificate')
  if (!isIssuedBy(certificate, issuer)) {
    if (others.some((other) => isIssuedBy(certificate, other))) {
      found('old-issuer', 'was issued by a CA that is trusted, but no longer signs')
    } else found('issuer', NOT_ISSUED)
  }
  if (wish.keySpki !== undefined && facts.publicKeySha256 !== wish.keySpki.toLowerCase()) {
    found('key', "doesn't match its key")
  }
  if (wish.algorithm !== undefined && facts.keyAlgorithm !== wish.algorithm) {
    found('algorithm', `has a key of ${facts.keyAlgorithm}, not ${wish.algorithm}`)
  }
  if (wish.entering === true) for (const weakness of weaknesses(certificate)) found('weak', weakness)
  const left = facts.notAfter.getTime() - wish.now.getTime()
  const gain = issuer.validToDate.getTime() - facts.notAfter.getTime()
  if (left <= 0) found('expired', `expired on ${isoDay(facts.notAfter)}`)
  else if (left < (wish.renewWithinDays ?? 0) * DAY_MS && gain > DAY_MS)
    found('expires-soon', `expires on ${isoDay(facts.notAfter)}`)
  if (facts.notBefore.getTime() > wish.now.getTime() + CLOCK_TOLERANCE_MS) {
    found('not-yet-valid', `is not valid before ${facts.notBefore.toISOString()}: check the clocks`)
  }
  return reasons
}

/** A date as an operator reads it: `2027-03-01`, UTC. */
export function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10)
}

/** undefined: invalid. */
export function firstCertificate(pem: string): X509Certificate | undefined {
  try {
    return parseCertificates(pem, 'the certificate')[0]
  } catch {
    return undefined
  }
}
