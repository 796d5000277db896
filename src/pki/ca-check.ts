/** Whether a CA may issue the certificates: checked before each signing, wherever the CA is. */
import type { X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import { CLOCK_TOLERANCE_MS, DAY_MS } from './authority.ts'
import { type CaPlace, expiredCa } from './ca-renewal.ts'
import { subjectLine } from './chain.ts'
import { isoDay } from './check-certificate.ts'
import { forbiddenNames, NAME_CONSTRAINTS_OID, parseNameConstraints } from './name-constraints.ts'
import type { AllowedNames } from './names.ts'
import * as x509 from './x509.ts'
import { counted } from '../spec/units.ts'

/**
 * Refuses a chain with a certificate that isn't a CA's, lacks keyCertSign, has expired, isn't valid yet, or allows
 * fewer intermediates than there are.
 * @param place the CA's location, for the fix if it has expired
 * @throws QuorateError `pki`; ExpiredCa
 */
export function assertUsableCa(chain: readonly X509Certificate[], now: Date, place?: CaPlace): void {
  for (const [below, certificate] of chain.entries()) {
    const name = subjectLine(certificate)
    const parsed = new x509.X509Certificate(certificate.raw)
    const constraints = parsed.getExtension(x509.BasicConstraintsExtension)
    if (constraints?.ca !== true) {
      throw new QuorateError('pki', `${name} is not a CA: its basicConstraints do not say CA:TRUE`, {
        id: 'ca-may-not-sign',
        hint: 'set pki.authority.certificate to a CA certificate, or remove it and quorate creates a CA',
      })
    }
    const usage = parsed.getExtension(x509.KeyUsagesExtension)
    if (usage !== null && (usage.usages & x509.KeyUsageFlags.keyCertSign) === 0) {
      throw new QuorateError('pki', `${name} may not sign certificates: its keyUsage lacks keyCertSign`, {
        id: 'ca-may-not-sign',
      })
    }
    if (certificate.validToDate <= now) throw expiredCa(certificate, place)
    if (certificate.validFromDate.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) {
      throw new QuorateError(
        'pki',
        `the CA certificate ${name} is not valid before ${certificate.validFromDate.toISOString()}`,
        { id: 'ca-is-not-yet-valid', hint: 'check the clock of the workstation' },
      )
    }
    if (constraints.pathLength !== undefined && constraints.pathLength < below) {
      throw new QuorateError(
        'pki',
        `${name} allows ${constraints.pathLength} intermediate CAs below it (pathlen), but there are ${below}`,
        { id: 'ca-may-not-sign' },
      )
    }
  }
}

/**
 * Refuses names that the name constraints of a CA in the chain don't allow.
 * @throws QuorateError `pki` naming them
 */
export function assertNamesPermitted(
  chain: readonly X509Certificate[],
  names: AllowedNames,
  host: string,
): void {
  for (const certificate of chain) {
    const forbidden = forbiddenBy(certificate, names)
    if (forbidden.length > 0) {
      throw new QuorateError(
        'pki',
        `the name constraints of ${subjectLine(certificate)} forbid ${forbidden.join(', ')}`,
        {
          id: 'name-constraints',
          host,
          hint: 'use a CA that may sign these names; every member needs its addresses, localhost, 127.0.0.1 and ::1',
        },
      )
    }
  }
}

/** Whether every CA of the chain may sign this DNS name. */
export function mayBeNamed(chain: readonly X509Certificate[], dnsName: string): boolean {
  return chain.every((certificate) => forbiddenBy(certificate, { dns: [dnsName], ips: [] }).length === 0)
}

function forbiddenBy(certificate: X509Certificate, names: AllowedNames): readonly string[] {
  const extension = new x509.X509Certificate(certificate.raw).getExtension(NAME_CONSTRAINTS_OID)
  if (extension === null) return []
  return forbiddenNames(parseNameConstraints(new Uint8Array(extension.value)), names)
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
  readonly warnings: readonly string[]
}

/**
 * Starts a little before now and lasts for `days`, but at most as long as every certificate of the chain. Returns a
 * warning if that shortens it.
 */
export function leafValidity(chain: readonly X509Certificate[], days: number, now: Date): Validity {
  const wanted = new Date(now.getTime() + days * DAY_MS)
  const begins = Math.max(
    now.getTime() - CLOCK_TOLERANCE_MS,
    ...chain.map((ca) => ca.validFromDate.getTime()),
  )
  const end = Math.min(wanted.getTime(), ...chain.map((ca) => ca.validToDate.getTime()))
  const shortest = chain.find((ca) => ca.validToDate.getTime() === end)
  const cut = end < wanted.getTime() && shortest !== undefined
  return {
    notBefore: new Date(begins),
    notAfter: new Date(end),
    warnings: cut
      ? [
          `certificates expire on ${isoDay(new Date(end))} instead of after ${counted(days, 'day')}, because the CA ${subjectLine(shortest)} expires then`,
        ]
      : [],
  }
}

/** A warning if the bundle of an intermediate CA contains its root. */
export function chainWarnings(chain: readonly X509Certificate[]): readonly string[] {
  const root = chain.at(-1)
  if (root === undefined || chain.length < 2) return []
  return [
    `etcd will trust every client certificate issued below ${subjectLine(root)}, because that certificate is in the CA's chain`,
  ]
}
