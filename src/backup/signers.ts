/** Who may sign backups of a cluster: the list in the state directory, and the operator's own key next to it. */
import { existsSync } from 'node:fs'
import { link, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ProvenTrust } from './proven.ts'
import type { TrustedSigners } from './trusted.ts'
import { workFolder } from './work-folder.ts'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { replaceFile, syncDirectory } from '../files/atomic-file.ts'
import {
  type AllowedSigner,
  isPresent,
  parseSigners,
  retired,
  revoked,
  withSigner,
} from '../signing/allowed-signers.ts'
import { type Signer, makeKey, publicKeyOf, signerWith } from '../signing/ssh-keygen.ts'
import type { Cluster } from '../spec/cluster.ts'

type Home = Pick<Cluster, 'name' | 'stateDirectory'>

/** How far ahead the clocks of signers may be when a key is replaced, in ms. */
const CLOCKS_MS = 10 * 60_000

const MAX_LIST_BYTES = 1024 ** 2

export function operatorPrincipal(cluster: string): string {
  return `operator@${cluster}`
}

export function nodePrincipal(cluster: string, node: string): string {
  return `node-${node}@${cluster}`
}

/** An allowed signers file of OpenSSH. */
export function signersFile({ stateDirectory }: Pick<Home, 'stateDirectory'>): string {
  return path.join(stateDirectory, 'allowed_signers')
}

/** The operator's private key (OpenSSH's format, mode 600, no passphrase). */
export function signingKeyFile({ stateDirectory }: Pick<Home, 'stateDirectory'>): string {
  return path.join(stateDirectory, 'backup-signing.key')
}

/** The cluster's signers, as this workstation knows them. @throws QuorateError `state` if the list can't be read */
export async function trustedSigners(cluster: Pick<Home, 'stateDirectory'>): Promise<TrustedSigners> {
  const file = signersFile(cluster)
  return { file, text: existsSync(file) ? await readList(file) : undefined }
}

/** The signers in a given file. @throws QuorateError `state` if it can't be read or has no signers */
export async function givenSigners(given: string): Promise<TrustedSigners> {
  const file = path.resolve(given)
  const text = await readList(file)
  if (parseSigners(text).length > 0) return { file, text }
  throw new QuorateError('state', `${file} lists no allowed signer`, {
    hint: 'use allowed_signers of the state directory: it has lines like operator@prod ssh-ed25519 AAAA…',
  })
}

async function readList(file: string): Promise<string> {
  try {
    return await readText(file, { maxBytes: MAX_LIST_BYTES })
  } catch (error) {
    throw QuorateError.from(error, 'state', `${file}, which names who may sign backups, can't be read`)
  }
}

/**
 * The signers, for deciding which backups passed a test restore. @returns undefined if there is no list: no record is
 * trusted then
 */
export async function provenTrust(
  cluster: Pick<Home, 'stateDirectory'>,
): Promise<(ProvenTrust & AsyncDisposable) | undefined> {
  const signers = await trustedSigners(cluster)
  if (signers.text === undefined) return undefined
  const folder = await workFolder(cluster.stateDirectory)
  const dispose = async () => await folder[Symbol.asyncDispose]()
  return { signers, folder: folder.path, [Symbol.asyncDispose]: dispose }
}

export interface OwnKeyOptions {
  readonly now: Date
  readonly signal?: AbortSignal | undefined
  /** Called with a note when a key was created. */
  readonly onMade?: ((text: string) => void) | undefined
}

/**
 * The operator's signer. Creates a key if there is none, or if the existing one no longer counts.
 *
 * @throws QuorateError `state` if the key or the list can't be read or written
 */
export async function operatorSigner(cluster: Home, options: OwnKeyOptions): Promise<Signer> {
  const { now, signal, onMade } = options
  const [file, principal] = [signingKeyFile(cluster), operatorPrincipal(cluster.name)]
  const list = await listOf(cluster)
  let publicKey = existsSync(file) ? await publicKeyOf(file, signal) : undefined
  const ended = list.some((one) => one.publicKey === publicKey && !isPresent(one, now))
  if (publicKey === undefined || ended) {
    await placeKey(cluster, { replace: ended, signal })
    publicKey = await publicKeyOf(file, signal)
    onMade?.(
      `created the key that signs backups: ${file}. Keep a copy of ${signersFile(cluster)} with the identity that opens them, away from the nodes`,
    )
  }
  if (!list.some((one) => one.publicKey === publicKey && one.principals === principal))
    await edit(cluster, (text) => withSigner(text, principal, publicKey))
  return signerWith(file, principal)
}

/** Signatures that the old key has made until now still count. @returns the new key's line in the list */
export async function rotateOperator(cluster: Home, options: OwnKeyOptions): Promise<AllowedSigner> {
  const { now, signal } = options
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  await using folder = await workFolder(cluster.stateDirectory)
  const fresh = path.join(folder.path, 'key')
  await makeKey(fresh, operatorPrincipal(cluster.name), signal)
  const publicKey = await publicKeyOf(fresh, signal)
  // The list first: if this is interrupted in between, the old key still signs until a new one is created.
  await replaceSigner(cluster, { principal: operatorPrincipal(cluster.name), publicKey, now })
  await rename(fresh, signingKeyFile(cluster))
  await syncDirectory(cluster.stateDirectory)
  return await listed(cluster, publicKey)
}

/** From now on only this key signs for the principal. */
export async function replaceSigner(
  cluster: Home,
  {
    principal,
    publicKey,
    now,
  }: { readonly principal: string; readonly publicKey: string; readonly now: Date },
): Promise<void> {
  await edit(cluster, (text) => {
    const known = parseSigners(text).some(
      (one) => one.publicKey === publicKey && one.principals === principal,
    )
    if (known) return text
    return withSigner(retired(text, principal, new Date(now.getTime() + CLOCKS_MS)), principal, publicKey)
  })
}

/** What it signed until now still counts; nothing later does. */
export async function retireSigner(cluster: Home, principal: string, now: Date): Promise<void> {
  if (existsSync(signersFile(cluster)))
    await edit(cluster, (text) => retired(text, principal, new Date(now.getTime() + CLOCKS_MS)))
}

/**
 * Invalidates everything that these keys signed. Removes the operator's own key, so that the next backup creates
 * another.
 *
 * @param who a principal, or the fingerprint of a key
 * @throws QuorateError `usage` if the list has no such signer
 */
export async function revokeSigner(cluster: Home, who: string, now: Date): Promise<readonly AllowedSigner[]> {
  const going = signersCalled(await listOf(cluster), who, signersFile(cluster))
  const file = signingKeyFile(cluster)
  const own = existsSync(file) ? await publicKeyOf(file) : undefined
  await edit(cluster, (text) => going.reduce((left, one) => revoked(left, one.fingerprint, now), text))
  if (going.some(({ publicKey }) => publicKey === own)) await rm(file)
  return going
}

/** Those that are not revoked yet. @throws QuorateError `usage` if there is none */
export function signersCalled(
  list: readonly AllowedSigner[],
  who: string,
  file: string,
): readonly AllowedSigner[] {
  const found = list.filter(
    ({ principals, fingerprint, revokedAt }) =>
      revokedAt === undefined && [principals, fingerprint].includes(who),
  )
  if (found.length > 0) return found
  throw new QuorateError('usage', `${file} has no key of '${who}' that could be revoked`, {
    hint: 'list the signers: quorate backup signers',
  })
}

export async function listOf(cluster: Home): Promise<readonly AllowedSigner[]> {
  return parseSigners((await trustedSigners(cluster)).text ?? '')
}

async function listed(cluster: Home, publicKey: string): Promise<AllowedSigner> {
  const found = (await listOf(cluster)).find((one) => one.publicKey === publicKey)
  if (found === undefined) throw new TypeError('a key that was just listed is not in the list')
  return found
}

async function edit(cluster: Home, change: (text: string) => string): Promise<void> {
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  const before = (await trustedSigners(cluster)).text
  const after = change(before ?? '')
  if (after !== before) await replaceFile(signersFile(cluster), after, 0o600)
}

/** Atomic: the key is complete under its name or doesn't exist. Of two runs at once, one creates it. */
async function placeKey(
  cluster: Home,
  { replace, signal }: { readonly replace: boolean; readonly signal: AbortSignal | undefined },
): Promise<void> {
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  await using folder = await workFolder(cluster.stateDirectory)
  const fresh = path.join(folder.path, 'key')
  await makeKey(fresh, operatorPrincipal(cluster.name), signal)
  if (replace) await rename(fresh, signingKeyFile(cluster))
  else {
    await link(fresh, signingKeyFile(cluster)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  await syncDirectory(cluster.stateDirectory)
}
