/** The offline CA: requests are exported, certificates are imported. */
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { readCaFile } from './any-certificates.ts'
import type { Authority, IssuedCertificate, IssueRequest } from './authority.ts'
import type { CaPlace } from './ca-renewal.ts'
import { chainPem, parseCertificates, parseChain } from './chain.ts'
import { checkCertificate, firstCertificate } from './check-certificate.ts'
import { describe } from './certificate.ts'

export interface OfflineAuthorityOptions {
  /** Absolute path of the CA certificate, with its chain if it is an intermediate. */
  readonly certificate: string
  /** Where `importCertificates` stores certificates: `<stateDirectory>/issued`. */
  readonly issuedDirectory: string
  readonly now: () => Date
  /** The CA's location, for the fix if it has expired. */
  readonly place?: CaPlace | undefined
}

/** `issue` finds what was imported for the same key, or says how to have it signed. */
export function openOfflineAuthority(options: OfflineAuthorityOptions): Authority {
  const readChain = async () => {
    const pem = await readCaFile(options.certificate)
    return parseChain(pem, `the CA certificate ${options.certificate}`)
  }
  const issueMany = async (requests: readonly IssueRequest[]) => {
    const chain = await readChain()
    const [{ checkRequest }, { assertUsableCa, chainWarnings }] = await Promise.all([
      import('./csr.ts'),
      import('./ca-check.ts'),
    ])
    assertUsableCa(chain, options.now(), options.place)
    const caPem = chainPem(chain)
    const waiting: string[] = []
    const issued: IssuedCertificate[] = []
    for (const request of requests) {
      const csr = await checkRequest(request)
      const pem = await readIssued(issuedFile(options.issuedDirectory, csr.publicKeySha256))
      if (pem === undefined) {
        waiting.push(request.subjectCommonName)
        continue
      }
      const reasons = checkCertificate({
        pem,
        allowed: request.allowed,
        profile: request.profile,
        caPem,
        now: options.now(),
        commonName: request.subjectCommonName,
        organizations: request.organizations,
        keySpki: csr.publicKeySha256,
        entering: true,
      }).filter(({ code }) => code !== 'member-name' || request.mayLackMemberName !== true)
      // Another CA signed it, before this one became active.
      if (reasons.some(({ code }) => code === 'issuer')) {
        waiting.push(request.subjectCommonName)
        continue
      }
      if (reasons.length > 0) throw unusable(request, reasons.map((reason) => reason.message).join('; '))
      const [leaf] = parseCertificates(pem, `the imported certificate of ${request.subjectCommonName}`)
      issued.push({ pem: chainPem([leaf, ...chain]), warnings: chainWarnings(chain) })
    }
    if (waiting.length > 0) throw notSigned(waiting)
    return issued
  }
  return {
    home: 'offline',
    chain: async () => chainPem(await readChain()),
    trust: async () => chainPem(await readChain()),
    issue: async (request) => (await issueMany([request]))[0] as IssuedCertificate,
    issueMany,
  }
}

/** Where the certificate for a key is kept: named after the SHA-256 of its public key (SPKI, DER). */
export function issuedFile(issuedDirectory: string, publicKeySha256: string): string {
  return path.join(issuedDirectory, `${publicKeySha256}.crt`)
}

/** Those of the keys (SHA-256 of SPKI, DER, hexadecimal) that have an imported certificate with this DNS name. */
export async function keysNamed(
  issuedDirectory: string,
  keys: readonly string[],
  dnsName: string,
): Promise<ReadonlySet<string>> {
  const named = await Promise.all(
    keys.map(async (key) => {
      const pem = await readIssued(issuedFile(issuedDirectory, key.toLowerCase()))
      const leaf = pem === undefined ? undefined : firstCertificate(pem)
      return leaf !== undefined && describe(leaf).sans.dns.includes(dnsName) ? [key.toLowerCase()] : []
    }),
  )
  return new Set(named.flat())
}

/** Distinguishes 'not signed yet' from other errors: the request will succeed after a certificate is imported. */
export class NotSignedYet extends QuorateError {}

const HOW_TO_SIGN =
  'quorate certs csr --out DIR, sign the requests in DIR with the CA (its README.txt shows how), then run quorate certs import DIR'

export function notSigned(names: readonly string[]): NotSignedYet {
  return new NotSignedYet('pki', `the offline CA has not yet signed a certificate for ${names.join(', ')}`, {
    host: names.length === 1 ? names[0] : undefined,
    hint: HOW_TO_SIGN,
    id: 'offline-ca-has-not-signed',
  })
}

function unusable({ subjectCommonName: host }: IssueRequest, why: string): NotSignedYet {
  return new NotSignedYet('pki', `the imported certificate of ${host} can't be used: it ${why}`, {
    id: 'imported-certificate-is-wrong',
    host,
    hint: HOW_TO_SIGN,
  })
}

async function readIssued(file: string): Promise<string | undefined> {
  try {
    return await readText(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
