/** How old certificates are, as a share of their validity: when leaves are due, and whether their CA outlasts new ones. */
import { QuorateError } from '../errors.ts'
import { DAY_MS } from './authority.ts'
import { type CaPlace, expiredCa } from './ca-renewal.ts'
import { parseCertificates, subjectLine } from './chain.ts'
import { isoDay } from './check-certificate.ts'

export interface Age {
  /** The elapsed share of its validity: 0 at its start, 1 when it expires, more afterwards. */
  readonly share: number
  /** Whole days, rounded down. */
  readonly days: number
  /** Whole days from its start to its end, rounded. */
  readonly lifeDays: number
  readonly notAfter: Date
}

/** The age of the first certificate in a PEM text. @throws QuorateError `pki` if there is none */
export function ageOf(pem: string, now: Date): Age {
  const [{ validFromDate, validToDate }] = parseCertificates(pem, 'this text')
  const life = validToDate.getTime() - validFromDate.getTime()
  const age = now.getTime() - validFromDate.getTime()
  return {
    share: age / life,
    days: Math.max(0, Math.floor(age / DAY_MS)),
    lifeDays: Math.round(life / DAY_MS),
    notAfter: validToDate,
  }
}

/** A certificate is due for automatic renewal if fewer days than this are left: a tenth of its validity, 30 at most. */
export function renewWithinDays(days: number): number {
  return Math.min(30, days / 10)
}

/** With fewer days left, a CA is too close to its end to issue useful certificates. */
function tooNearDays(days: number): number {
  return Math.min(30, days / 3)
}

export interface CaEnd {
  /** The CA's chain, or the bundle that begins with it (PEM). */
  readonly caPem: string
  /** The wanted validity of a leaf. */
  readonly days: number
  readonly now: Date
  /** A leaf in use has expired already: then even a short-lived new one is an improvement. */
  readonly urgent: boolean
  /** The CA's location. */
  readonly place: CaPlace
  /** The fix for a CA that expires soon. */
  readonly remedy: string
}

/**
 * Refuses a CA that has expired, or is about to: nothing that it issues could outlive it.
 * @throws QuorateError `pki`; ExpiredCa
 */
export function assertCaLasts({ caPem, days, now, urgent, place, remedy }: CaEnd): void {
  const [issuer] = parseCertificates(caPem, 'the CA certificate')
  const left = (issuer.validToDate.getTime() - now.getTime()) / DAY_MS
  if (left <= 0) throw expiredCa(issuer, place)
  if (left > (urgent ? 0 : tooNearDays(days))) return
  const message = `the CA ${subjectLine(issuer)} expires on ${isoDay(issuer.validToDate)}, and no certificate can be valid longer than its CA: renewing would not help`
  throw new QuorateError('pki', message, { id: 'ca-expires-soon', hint: remedy })
}
