/**
 * An expired CA certificate, and how to renew it with its own key, so that the certificates it issued stay
 * valid.
 */
import type { X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import { quoteCommand, quoteWord } from '../ssh/quote.ts'
import { subjectLine } from './chain.ts'
import { isoDay } from './check-certificate.ts'

/** The location of a CA, which is enough to name the command that renews it. */
export interface CaPlace {
  /** Path of its certificate: on the workstation, or on the host. */
  readonly certificate: string
  /** Path of its key, in the same place; undefined: quorate can't access it. */
  readonly key: string | undefined
  /** The node that both are on; undefined: the workstation. */
  readonly host?: string | undefined
  /** The key is encrypted with age, which openssl does not read. */
  readonly age?: boolean | undefined
}

/** How long a renewed CA certificate is valid, in days: as long as one that quorate makes. */
const DAYS = '3650'

/** Distinguishes this refusal from all others: members can still be inspected, but they refuse requests. */
export class ExpiredCa extends QuorateError {}

export function expiredCa(expired: X509Certificate, place: CaPlace | undefined): ExpiredCa {
  const message = `the CA certificate ${subjectLine(expired)} expired on ${isoDay(expired.validToDate)}: members no longer accept TLS connections`
  return new ExpiredCa('pki', message, { id: 'ca-has-expired', hint: renewalHint(expired, place) })
}

/** The same order in every hint: renew the certificate first, then run `quorate apply`, which does the rest. */
export function renewalHint(expired: X509Certificate, place: CaPlace | undefined): string {
  return `${renewalCommand(expired, place)}. Then: quorate apply`
}

/** How each of quorate's own commands for it begins. */
export const RENEW_WITH_ITS_KEY = 'renew the CA certificate with its own key'

function renewalCommand(expired: X509Certificate, place: CaPlace | undefined): string {
  const selfSigned = expired.checkIssued(expired)
  if (place === undefined || !selfSigned) {
    const where = place === undefined ? '' : ` into ${placed(place)}`
    return `have the CA certificate renewed with the same key and name${selfSigned ? '' : ' by its issuer'}, and put it${where}`
  }
  const { certificate, key, host, age } = place
  if (key === undefined) {
    return `${RENEW_WITH_ITS_KEY} where that key is (openssl x509 -in ca.crt -signkey ca.key -days ${DAYS} -out renewed.crt), and copy renewed.crt to ${certificate}`
  }
  const plain = age === true ? `${key}.plain` : key
  const renewed = `${certificate}.renewed`
  const sign = ['openssl', 'x509', '-in', certificate, '-signkey', plain, '-days', DAYS, '-out', renewed]
  const commands = [
    ...(age === true ? [`(umask 077; ${quoteCommand(['age', '--decrypt', '--output', plain, key])})`] : []),
    quoteCommand(sign),
    ...(age === true ? [`shred -u ${quoteWord(plain)}`] : []),
    quoteCommand(['mv', renewed, certificate]),
  ]
  const on = host === undefined ? '' : ` on ${host}`
  return `${RENEW_WITH_ITS_KEY}${on}: ${commands.join(' && ')}`
}

function placed({ certificate, host }: CaPlace): string {
  return host === undefined ? certificate : `${certificate} on ${host}`
}
