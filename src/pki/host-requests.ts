/** The input for the CA's host: checks every request first, then writes it in the form that host-sign.sh reads. */
import type { X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import { DAY_MS, type IssueRequest } from './authority.ts'
import { assertNamesPermitted, assertUsableCa, chainWarnings, leafValidity } from './ca-check.ts'
import type { CaPlace } from './ca-renewal.ts'
import { subjectLine } from './chain.ts'
import { isoDay } from './check-certificate.ts'
import { checkRequest } from './csr.ts'
import { renderOpensslConfig } from './openssl-config.ts'
import { randomSerial } from './signer.ts'

export interface PreparedRequests {
  /** Standard input of host-sign.sh after the passphrase. */
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
}

export async function prepareRequests(
  chain: readonly X509Certificate[],
  requests: readonly IssueRequest[],
  now: Date,
  place?: CaPlace,
): Promise<PreparedRequests> {
  assertUsableCa(chain, now, place)
  const warnings = new Set(chainWarnings(chain))
  const lines: string[] = []
  for (const request of requests) {
    const csr = await checkRequest(request)
    assertNamesPermitted(chain, request.allowed, request.subjectCommonName)
    const validity = leafValidity(chain, request.days, now)
    for (const warning of validity.warnings) warnings.add(warning)
    const config = renderOpensslConfig({
      commonName: request.subjectCommonName,
      organizations: request.organizations,
      names: request.allowed,
      profile: request.profile,
      algorithm: csr.keyAlgorithm,
    })
    const days = wholeDays(chain, validity.notAfter, now)
    lines.push(`request ${randomSerial()} ${days}`, csr.pem.trimEnd(), 'config', config.trimEnd())
  }
  return { lines, warnings: [...warnings] }
}

/** openssl counts in days: certificates must not outlive the CA. */
function wholeDays(chain: readonly X509Certificate[], notAfter: Date, now: Date): number {
  const days = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS)
  if (days >= 1) return days
  const name = chain[0] === undefined ? 'the CA' : subjectLine(chain[0])
  throw new QuorateError(
    'pki',
    `${name} expires on ${isoDay(notAfter)}, within a day: too late to issue certificates`,
  )
}
