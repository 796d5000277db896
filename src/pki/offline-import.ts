/** `quorate certs import DIR`: imports what the CA signed, after checking each. */
import { mkdir } from 'node:fs/promises'
import type { X509Certificate } from 'node:crypto'
import type { Certificates } from './any-certificates.ts'
import { replaceFile } from '../files/atomic-file.ts'
import type { IssueRequest } from './authority.ts'
import { assertUsableCa } from './ca-check.ts'
import type { CaPlace } from './ca-renewal.ts'
import { spkiSha256 } from './certificate.ts'
import { chainPem, parseChain } from './chain.ts'
import { checkCertificate } from './check-certificate.ts'
import { checkRequest } from './csr.ts'
import { issuedFile } from './offline.ts'
import { readFolder } from './offline-folder.ts'

export interface ImportOptions {
  /** Where the signed certificates are, in PEM, DER or PKCS#7: every file in it is read. */
  readonly directory: string
  /** The waiting requests, as exported. */
  readonly expected: readonly IssueRequest[]
  /** The CA's chain: `Authority.chain`. */
  readonly caPem: string
  /** Where good certificates go: `<stateDirectory>/issued`. */
  readonly issuedDirectory: string
  readonly now: Date
  /** The CA's location, for the fix if it has expired. */
  readonly place?: CaPlace | undefined
}

export interface ImportedFile {
  /** The file's name within the directory. */
  readonly file: string
  /** `imported`; `ignored`: the CA's own certificate, or, with a reason, no certificate at all; `refused`: see the reasons. */
  readonly result: 'imported' | 'ignored' | 'refused'
  /** The node or client, if known. */
  readonly commonName: string | undefined
  /** The problems, each completing 'it …'; for an imported one, its weaknesses. */
  readonly reasons: readonly string[]
  /** The fix for a refused file. */
  readonly hint?: string | undefined
}

export interface ImportReport {
  /** A file with certificates for several requests is listed once for each. */
  readonly files: readonly ImportedFile[]
  /** Common names of requests for which no good certificate was in the directory. */
  readonly missing: readonly string[]
}

/**
 * Matches certificates to requests by public key, whatever the file names are, and keeps the good ones.
 * @throws QuorateError `pki` if the CA itself can't be used or the directory can't be read; the report lists bad files
 */
export async function importCertificates(options: ImportOptions): Promise<ImportReport> {
  const chain = parseChain(options.caPem, 'the CA certificate')
  assertUsableCa(chain, options.now, options.place)
  const waiting = new Map<string, IssueRequest>()
  for (const request of options.expected) {
    const csr = await checkRequest(request)
    waiting.set(csr.publicKeySha256, request)
  }
  const files: ImportedFile[] = []
  await mkdir(options.issuedDirectory, { recursive: true, mode: 0o700 })
  for (const found of await readFolder(options.directory)) {
    if ('ignored' in found) {
      files.push({ file: found.file, result: 'ignored', commonName: undefined, reasons: [found.ignored] })
      continue
    }
    if ('trouble' in found) {
      const { message, hint } = found.trouble
      const reasons = [`can't be used: ${message}`]
      files.push({ file: found.file, result: 'refused', commonName: undefined, reasons, hint })
      continue
    }
    for (const leaf of leavesOf(found.certificates, chain, waiting)) {
      const key = spkiSha256(leaf.publicKey)
      const request = waiting.get(key)
      const outcome = judge(leaf, request, chain, options)
      files.push({ file: found.file, commonName: request?.subjectCommonName, ...outcome })
      if (outcome.result !== 'imported') continue
      await replaceFile(issuedFile(options.issuedDirectory, key), chainPem([leaf]), 0o644)
      waiting.delete(key)
    }
  }
  return { files, missing: [...waiting.values()].map((request) => request.subjectCommonName) }
}

/**
 * Which of a file's certificates are checked. The CA's own may precede or follow a node's, and one file may contain
 * those of all nodes.
 */
function leavesOf(
  certificates: Certificates,
  chain: readonly X509Certificate[],
  waiting: ReadonlyMap<string, IssueRequest>,
): readonly X509Certificate[] {
  const asked = certificates.filter(({ publicKey }) => waiting.has(spkiSha256(publicKey)))
  if (asked.length > 0) return asked
  const others = certificates.filter(
    (own) => !chain.some(({ fingerprint256 }) => fingerprint256 === own.fingerprint256),
  )
  const leaves = others.filter(({ ca }) => !ca)
  const [first] = certificates
  return leaves.length > 0 ? leaves : [others[0] ?? first]
}

/** Why a certificate without a request is refused, as text that follows its file's name. */
export const NO_REQUEST = 'matches no waiting request: it has another key'

function judge(
  leaf: X509Certificate,
  request: IssueRequest | undefined,
  chain: readonly X509Certificate[],
  options: ImportOptions,
): Pick<ImportedFile, 'result' | 'reasons' | 'hint'> {
  if (chain.some((ca) => ca.fingerprint256 === leaf.fingerprint256)) return { result: 'ignored', reasons: [] }
  if (request === undefined) {
    return { result: 'refused', reasons: [NO_REQUEST] }
  }
  const reasons = checkCertificate({
    pem: leaf.toString(),
    allowed: request.allowed,
    profile: request.profile,
    caPem: options.caPem,
    now: options.now,
    commonName: request.subjectCommonName,
    organizations: request.organizations,
    entering: true,
  })
  const optional = request.mayLackMemberName === true
  const refused = reasons.some(({ code }) => code !== 'member-name' || !optional)
  return { result: refused ? 'refused' : 'imported', reasons: reasons.map(({ message }) => message) }
}
