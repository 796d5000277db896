/**
 * Converts Kubernetes' CAs and keys on this workstation to one text and back, for a backup, which encrypts it at once.
 * Without the encryption key, the Secrets in a snapshot of etcd are unreadable. Without the CAs, no node can join
 * again.
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { syncDirectory, writeNewFile } from '../files/atomic-file.ts'
import { readText } from '../files/read-file.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import type { AskPassphrase } from '../pki/authority.ts'
import { encryptAge, readSecretText } from '../pki/ca-key.ts'
import type { Cluster } from '../spec/cluster.ts'
import { kubernetesDirectory } from './local-home.ts'

/** By name below the directory. A file that is missing under this name exists as `NAME.age`. */
const SECRET = ['ca/ca.key', 'front-proxy-ca/ca.key', 'sa.key', 'encryption.yaml'] as const
const OPEN = ['ca/ca.crt', 'front-proxy-ca/ca.crt', 'sa.pub', 'encryption.sha256'] as const

const text = z.string().max(64 * 1024)
const KEYS = z.strictObject({
  format: z.literal(1),
  secret: z.record(z.enum(SECRET), text),
  open: z.record(z.enum(OPEN), text),
})

export interface KeysSession {
  readonly cluster: Cluster
  readonly askPassphrase: AskPassphrase
  readonly signal?: AbortSignal | undefined
}

/**
 * Identifies these keys without revealing a secret. undefined: none of them is on this workstation.
 *
 * @throws QuorateError as `readText`
 */
export async function kubernetesKeysIdentity(cluster: Cluster): Promise<string | undefined> {
  const directory = kubernetesDirectory(cluster)
  if (!areHere(cluster)) return undefined
  const parts = await Promise.all(OPEN.map(async (name) => await readText(path.join(directory, name))))
  return parts.join('\n')
}

function areHere(cluster: Cluster): boolean {
  if (cluster.kubernetes === undefined || cluster.pki.authority.home === 'host') return false
  return existsSync(path.join(kubernetesDirectory(cluster), 'ca/ca.crt'))
}

/**
 * JSON with private keys in it. undefined: none of them is on this workstation. They are on the node of etcd's CA, or
 * don't exist yet.
 *
 * @throws QuorateError `pki`, `permission` as `readSecretText`
 */
export async function exportKubernetesKeys(session: KeysSession): Promise<string | undefined> {
  const { cluster, signal } = session
  const directory = kubernetesDirectory(cluster)
  if (!areHere(cluster)) return undefined
  let asked: Promise<string> | undefined
  const askPassphrase: AskPassphrase = async (purpose) =>
    await (asked ??= session.askPassphrase(purpose, signal))
  const secret: Record<string, string> = {}
  for (const name of SECRET) {
    const plain = path.join(directory, name)
    const file = existsSync(`${plain}.age`) ? `${plain}.age` : plain
    secret[name] = await readSecretText(
      { file, purpose: `the keys of Kubernetes in ${directory}`, askPassphrase },
      signal,
    )
  }
  const open: Record<string, string> = {}
  for (const name of OPEN) open[name] = await readText(path.join(directory, name))
  return JSON.stringify({ format: 1, secret, open } satisfies z.infer<typeof KEYS>)
}

/**
 * Writes them to the directory that the cluster file names: all or none, and never over existing ones.
 *
 * @returns the directory, if it was written
 * @throws QuorateError `backup` if the text is not quorate's; `state` if the directory exists
 */
export async function importKubernetesKeys(
  { cluster, askPassphrase, signal }: KeysSession,
  keys: string,
  scryptWorkFactor?: number,
): Promise<readonly string[]> {
  const { authority } = cluster.pki
  const directory = kubernetesDirectory(cluster)
  if (cluster.kubernetes === undefined || authority.home === 'host' || existsSync(directory)) return []
  const { secret, open } = parseKeys(keys)
  const passphrase =
    authority.home === 'local' && authority.passphrase
      ? await askPassphrase(`the keys of Kubernetes in ${directory}, from now on`, signal)
      : undefined
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  const draft = await draftFolderBeside(directory)
  try {
    for (const name of ['ca', 'front-proxy-ca']) await mkdir(path.join(draft, name), { mode: 0o700 })
    for (const name of SECRET) {
      const file = path.join(draft, name)
      if (passphrase === undefined) await writeNewFile(file, secret[name], 0o600)
      else
        await writeNewFile(`${file}.age`, await encryptAge(secret[name], passphrase, scryptWorkFactor), 0o600)
    }
    for (const name of OPEN) await writeNewFile(path.join(draft, name), open[name], 0o644)
    await syncDirectory(draft)
    await rename(draft, directory)
    await syncDirectory(cluster.stateDirectory)
    return [directory]
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw QuorateError.from(error, 'state', `Kubernetes' keys can't be put into ${directory}`)
  }
}

function parseKeys(keys: string): z.infer<typeof KEYS> {
  try {
    return KEYS.parse(JSON.parse(keys))
  } catch {
    // Without its cause, which may quote a key.
    throw new QuorateError('backup', "what is in the backup as Kubernetes' keys is none of them", {
      hint: 'use a newer quorate if one wrote it; or copy the keys from a control-plane node, in /etc/kubernetes',
    })
  }
}
