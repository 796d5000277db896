/**
 * Writes a CA from a backup to the path in the cluster file on the workstation. The write is atomic, and never replaces
 * an existing CA.
 */
import { createPrivateKey, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import type { Cluster } from '../spec/cluster.ts'
import { createFile, syncDirectory, writeNewFile } from '../files/atomic-file.ts'
import type { AskPassphrase } from './authority.ts'
import { encryptAge } from './ca-key.ts'
import { spkiSha256 } from './certificate.ts'
import { chainPem, parseCertificates } from './chain.ts'
import { assertStrongCas } from './strength.ts'

export interface CaBackup {
  /** What members and clients trusted (PEM). */
  readonly trustPem: string
  /** PKCS#8, PEM; undefined: the key is not in the backup. */
  readonly keyPem: string | undefined
}

/**
 * Writes the CA if the cluster file places it on the workstation and it is missing. Does nothing for a CA on
 * a host; for an offline CA it writes the certificate.
 *
 * @returns the files that were written
 * @throws QuorateError `pki` if key and certificates don't match, or the CA is too weak; `state` if the path exists
 */
export async function importCa(
  cluster: Cluster,
  { trustPem, keyPem }: CaBackup,
  askPassphrase: AskPassphrase,
): Promise<readonly string[]> {
  const { authority } = cluster.pki
  if (authority.home === 'host') return []
  if (authority.home === 'offline') {
    if (!existsSync(authority.certificate)) requireStrong(trustPem)
    return await importFile(authority.certificate, trustPem, 0o644)
  }
  if (keyPem === undefined) return []
  const certificate = chainOf(trustPem, keyPem)
  if (authority.certificate !== undefined && authority.key !== undefined) {
    if (!existsSync(authority.certificate)) requireStrong(certificate)
    const key = await importFile(authority.key, keyPem, 0o600)
    return [...key, ...(await importFile(authority.certificate, certificate, 0o644))]
  }
  const directory = path.join(cluster.stateDirectory, 'ca')
  if (existsSync(directory)) return []
  requireStrong(certificate)
  const encrypted = authority.passphrase
    ? await encryptAge(keyPem, await askPassphrase(`the new CA key ${directory}/ca.key.age`))
    : undefined
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  const fresh = await draftFolderBeside(directory)
  try {
    await writeNewFile(path.join(fresh, 'ca.crt'), certificate, 0o644)
    const name = encrypted === undefined ? 'ca.key' : 'ca.key.age'
    await writeNewFile(path.join(fresh, name), encrypted ?? keyPem, 0o600)
    await syncDirectory(fresh)
    await rename(fresh, directory)
    await syncDirectory(cluster.stateDirectory)
    return ['ca.crt', name].map((file) => path.join(directory, file))
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw QuorateError.from(error, 'state', `can't write the CA to ${directory}`)
  }
}

function requireStrong(pem: string): void {
  const hint =
    'set another CA in the cluster file (pki.authority; `local` creates a new one), then rerun the restore with that file; nothing was written'
  assertStrongCas(pem, hint)
}

async function importFile(file: string, text: string, mode: number): Promise<readonly string[]> {
  if (existsSync(file)) return []
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  return (await createFile(file, text, mode)) ? [file] : []
}

/** The certificate of the key, its issuer, and so on. During a rotation there are other certificates as well. */
function chainOf(trustPem: string, keyPem: string): string {
  const certificates = parseCertificates(trustPem, 'the certificates of the backup')
  const own = spkiSha256(createPublicKey(keyOf(keyPem)))
  const first = certificates.find(({ publicKey }) => spkiSha256(publicKey) === own)
  if (first === undefined)
    throw new QuorateError('pki', 'the CA key in the backup matches none of its certificates')
  const chain: [X509Certificate, ...X509Certificate[]] = [first]
  for (let top = first; ;) {
    const below = top
    const issuer = certificates.find((one) => !chain.includes(one) && below.checkIssued(one))
    if (issuer === undefined) return chainPem(chain)
    chain.push(issuer)
    top = issuer
  }
}

function keyOf(keyPem: string): KeyObject {
  try {
    return createPrivateKey(keyPem)
  } catch (error) {
    throw QuorateError.from(error, 'pki', "the CA key in the backup can't be read")
  }
}
