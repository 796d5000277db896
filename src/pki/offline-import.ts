/** `quorate certs import DIR`: takes what the CA signed, after a look at each. */
import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { replaceFile } from './atomic-file.ts'
import type { IssueRequest } from './authority.ts'
import { assertUsableCa } from './ca-check.ts'
import { spkiSha256 } from './certificate.ts'
import { chainPem, parseCertificates, parseChain } from './chain.ts'
import { checkCertificate } from './check-certificate.ts'
import { checkCsr } from './csr.ts'
import { issuedFile } from './offline.ts'

export interface ImportOptions {
  /** Where the signed certificates are: every `.crt`, `.pem` and `.cer` in it is looked at. */
  readonly directory: string
  /** The requests that are waiting, as they were exported. */
  readonly expected: readonly IssueRequest[]
  /** The CA's chain: `Authority.chain`. */
  readonly caPem: string
  /** Where good certificates go: `<stateDirectory>/issued`. */
  readonly issuedDirectory: string
  readonly now: Date
}

export interface ImportedFile {
  /** The file's name within the folder. */
  readonly file: string
  /** `imported`; `ignored`: the CA's own certificate; `refused`: see the reasons. */
  readonly result: 'imported' | 'ignored' | 'refused'
  /** Whose it is, where that is known. */
  readonly commonName: string | undefined
  /** What is wrong, each completing 'it …'; of one that was imported all the same, what it could be better at. */
  readonly reasons: readonly string[]
}

export interface ImportReport {
  readonly files: readonly ImportedFile[]
  /** Common names of requests for which no good certificate was in the folder. */
  readonly missing: readonly string[]
}

/**
 * Matches certificates to requests by their public key, whatever the files are called, and keeps the good ones.
 * @throws QuorateError `pki` if the CA itself can't be used or the folder can't be read; a bad file is in the report
 */
export async function importCertificates(options: ImportOptions): Promise<ImportReport> {
  const chain = parseChain(options.caPem, 'the CA certificate')
  assertUsableCa(chain, options.now)
  const waiting = new Map<string, IssueRequest>()
  for (const request of options.expected) {
    const csr = await checkCsr(request.csrPem, request.allowed, request.subjectCommonName, request.profile)
    waiting.set(csr.publicKeySha256, request)
  }
  const files: ImportedFile[] = []
  await mkdir(options.issuedDirectory, { recursive: true, mode: 0o700 })
  for (const file of await certificateFiles(options.directory)) {
    const leaf = await readLeaf(path.join(options.directory, file))
    const key = leaf instanceof QuorateError ? undefined : spkiSha256(leaf.publicKey)
    const request = key === undefined ? undefined : waiting.get(key)
    const outcome = judge(leaf, request, chain, options)
    files.push({ file, commonName: request?.subjectCommonName, ...outcome })
    if (outcome.result !== 'imported' || leaf instanceof QuorateError || key === undefined) continue
    await replaceFile(issuedFile(options.issuedDirectory, key), chainPem([leaf]), 0o644)
    waiting.delete(key)
  }
  return { files, missing: [...waiting.values()].map((request) => request.subjectCommonName) }
}

function judge(
  leaf: X509Certificate | QuorateError,
  request: IssueRequest | undefined,
  chain: readonly X509Certificate[],
  options: ImportOptions,
): Pick<ImportedFile, 'result' | 'reasons'> {
  if (leaf instanceof QuorateError) return { result: 'refused', reasons: [`can't be read: ${leaf.message}`] }
  if (chain.some((ca) => ca.fingerprint256 === leaf.fingerprint256)) return { result: 'ignored', reasons: [] }
  if (request === undefined) {
    return { result: 'refused', reasons: ['belongs to no request that is waiting: its key is another'] }
  }
  const reasons = checkCertificate({
    pem: leaf.toString(),
    allowed: request.allowed,
    profile: request.profile,
    caPem: options.caPem,
    now: options.now,
    commonName: request.subjectCommonName,
    entering: true,
  })
  const optional = request.mayLackMemberName === true
  const refused = reasons.some(({ code }) => code !== 'member-name' || !optional)
  return { result: refused ? 'refused' : 'imported', reasons: reasons.map(({ message }) => message) }
}

async function certificateFiles(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((file) => /\.(crt|pem|cer)$/i.test(file)).sort()
  } catch (error) {
    throw QuorateError.from(error, 'pki', `the folder with the signed certificates can't be read`)
  }
}

async function readLeaf(file: string): Promise<X509Certificate | QuorateError> {
  try {
    return parseCertificates(await readText(file), path.basename(file))[0]
  } catch (error) {
    return QuorateError.from(error, 'pki', path.basename(file))
  }
}
