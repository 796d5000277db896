/**
 * Certificates of clients, whose keys are created on the workstation: the operator's own, an API server's,
 * flannel's.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { renewWithinDays } from './age.ts'
import { createFile, replaceFile } from '../files/atomic-file.ts'
import type { Authority } from './authority.ts'
import { spkiSha256 } from './certificate.ts'
import { checkCertificate, firstCertificate } from './check-certificate.ts'
import { NO_NAMES } from './names.ts'
import { NotSignedYet, notSigned } from './offline.ts'
import { checkedCommonName } from './openssl-config.ts'
import { keyAlgorithmName } from './profile.ts'

export interface ClientCertificateOptions {
  readonly authority: Authority
  /** Created with mode 0700 if missing. */
  readonly directory: string
  /** The common name, which etcd's RBAC knows as the user; also the files' name. */
  readonly name: string
  /** Groups in Kubernetes; none by default. */
  readonly organizations?: readonly string[] | undefined
  readonly days: number
  /** For a new key; an existing key is kept whatever its algorithm. */
  readonly algorithm: KeyAlgorithm
  readonly now: Date
  /** Renews even a good certificate. The key stays. */
  readonly renew?: boolean | undefined
  /** Renews when fewer days are left; a tenth of `days`, at most 30, by default. */
  readonly renewWithinDays?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ClientCertificate {
  /** `waiting`: the offline CA has to sign `request` first. */
  readonly result: 'kept' | 'issued' | 'waiting'
  /** Absolute paths: `NAME.key` (0600), `NAME.crt`, `ca.crt`. */
  readonly key: string
  readonly certificate: string
  readonly ca: string
  /**
   * PEM of the request that waits to be signed (`NAME.csr` next to the key). For a certificate of the old CA that is
   * kept during a rotation: the request for the new one.
   */
  readonly request: string | undefined
  readonly warnings: readonly string[]
}

/**
 * Makes, keeps or renews a client's key, certificate and CA bundle. Continues after an interruption at any point: a key
 * without a certificate gets one. Two runs at once use the same key.
 * @throws QuorateError `pki`
 */
export async function makeClientCertificate(options: ClientCertificateOptions): Promise<ClientCertificate> {
  const { authority, now, signal, organizations } = options
  const name = checkedCommonName(options.name)
  const directory = path.resolve(options.directory)
  const files = {
    key: path.join(directory, `${name}.key`),
    certificate: path.join(directory, `${name}.crt`),
    ca: path.join(directory, 'ca.crt'),
  }
  const requestFile = path.join(directory, `${name}.csr`)
  const caPem = await authority.trust(signal)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if ((await readIfThere(files.ca)) !== caPem) await replaceFile(files.ca, caPem, 0o644)

  const present = await readIfThere(files.certificate)
  const keyThere = await readIfThere(files.key)
  if (present !== undefined && keyThere !== undefined && options.renew !== true) {
    const reasons = checkCertificate({
      pem: present,
      allowed: NO_NAMES,
      profile: 'client',
      caPem,
      now,
      commonName: name,
      organizations,
      keySpki: spkiSha256(createPublicKey(readKey(keyThere, files.key))),
      renewWithinDays: options.renewWithinDays ?? renewWithinDays(options.days),
    })
    const warnings = reasons.some(({ code }) => code === 'old-issuer') ? [OLD_ISSUER] : []
    if (reasons.length === warnings.length) {
      const asked = warnings.length > 0 || (await readIfThere(requestFile)) !== undefined
      const request = asked ? await requestFor(name, readKey(keyThere, files.key), organizations) : undefined
      return { result: 'kept', ...files, request, warnings }
    }
  }

  const { makeKeyPair, privateKeyPem } = await import('./signer.ts')
  if (keyThere === undefined) {
    const { privateKey } = await makeKeyPair(options.algorithm)
    await createFile(files.key, privateKeyPem(privateKey), 0o600)
  }
  // Uses the content of the file: another run may have written its key first.
  const csrPem = await requestFor(name, readKey(await readText(files.key), files.key), organizations)
  const request = {
    csrPem,
    profile: 'client' as const,
    allowed: NO_NAMES,
    days: options.days,
    subjectCommonName: name,
    organizations,
  }
  try {
    const { pem, warnings } = await authority.issue(request, signal)
    if (present !== undefined && isSame(pem, present)) throw notSigned([name])
    await replaceFile(files.certificate, pem, 0o644)
    await rm(requestFile, { force: true })
    return { result: 'issued', ...files, request: undefined, warnings }
  } catch (error) {
    if (!(error instanceof NotSignedYet)) throw error
    await replaceFile(requestFile, csrPem, 0o644)
    return { result: 'waiting', ...files, request: csrPem, warnings: [error.message] }
  }
}

/** What an offline CA signed for this key earlier doesn't count as a renewal. */
function isSame(issued: string, present: string): boolean {
  return firstCertificate(issued)?.fingerprint256 === firstCertificate(present)?.fingerprint256
}

async function requestFor(
  name: string,
  privateKey: KeyObject,
  organizations: readonly string[] | undefined,
): Promise<string> {
  const { makeCsr } = await import('./signer.ts')
  return await makeCsr(name, { privateKey, publicKey: createPublicKey(privateKey) }, [], organizations)
}

/** It is valid while both CAs are trusted, and a new one might not be trusted yet. */
const OLD_ISSUER =
  'a CA rotation is in progress and the old CA issued this certificate; quorate certs rotate-ca renews it in time'

function readKey(pem: string, file: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (/^(rsa|ecdsa)-/.test(keyAlgorithmName(key))) return key
    throw new TypeError(`a key of ${keyAlgorithmName(key)} is not supported`)
  } catch (error) {
    throw QuorateError.from(error, 'pki', `the key ${file} can't be used`, {
      hint: `rename ${file}, then rerun: quorate creates a new key`,
    })
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readText(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
