/** A backup alone, and new machines: the cluster file and the CA from it, before anything else. */
import { existsSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { OpenedBackup } from '../../backup/open.ts'
import { type Secret, unseal } from '../../backup/sealing.ts'
import type { TrustedSigners } from '../../backup/trusted.ts'
import { QuorateError } from '../../errors.ts'
import { createFile } from '../../files/atomic-file.ts'
import { importKubernetesKeys } from '../../kubernetes/keys-backup.ts'
import type { AskPassphrase } from '../../pki/authority.ts'
import { importCa } from '../../pki/ca-import.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { readYaml } from '../../spec/document.ts'
import { editValues } from '../../spec/edit.ts'
import { valueAt } from '../../spec/report.ts'
import { signersFile } from '../../backup/signers.ts'

/**
 * The cluster file of the backup, with other addresses where some are given.
 *
 * @returns its text as it is to be written; undefined: one is there already, and stays as it is
 * @throws QuorateError `backup` for a bare snapshot; `usage` for a node that is not in it, or addresses for a file that is there
 */
export function plannedClusterFile(
  { clusterFile, name }: Pick<OpenedBackup, 'clusterFile' | 'name'>,
  into: string,
  addresses: Readonly<Record<string, string>>,
): string | undefined {
  if (existsSync(into)) {
    if (Object.keys(addresses).length === 0) return undefined
    throw new QuorateError('usage', `${into} is there already, so --address changes nothing`, {
      hint: 'write the addresses into that file, and leave the option out',
    })
  }
  if (clusterFile !== undefined) return withAddresses(clusterFile, addresses)
  throw new QuorateError('backup', `there is no cluster file in ${name}: it is a bare snapshot`, {
    hint: 'write the cluster file yourself (quorate init), then: quorate -f FILE restore SNAPSHOT',
  })
}

/** @throws QuorateError `moved` if there is one by now */
export async function writeClusterFile(into: string, text: string): Promise<void> {
  await mkdir(path.dirname(into), { recursive: true })
  if (!(await createFile(into, text, 0o644))) throw new QuorateError('moved', `${into} appeared meanwhile`)
  await chmod(into, 0o644)
}

/** Beside the CA, where there is no list yet: whose backups count from now on. @returns the file, if it was written */
export async function keepSigners(cluster: Cluster, { text }: TrustedSigners): Promise<readonly string[]> {
  const file = signersFile(cluster)
  if (text === undefined || existsSync(file)) return []
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  return (await createFile(file, text, 0o600)) ? [file] : []
}

function withAddresses(text: string, addresses: Readonly<Record<string, string>>): string {
  const nodes = nodesOf(readYaml(text).data)
  const edits = Object.entries(addresses).map(([node, value]) => {
    const index = nodes.findIndex(({ name }) => name === node)
    if (index !== -1) return { path: ['nodes', index, 'address'], value }
    throw new QuorateError('usage', `--address ${node}=${value}: there is no node ${node} in the backup`, {
      hint: `nodes: ${nodes.map(({ name }) => String(name)).join(', ')}`,
    })
  })
  return editValues(text, edits)
}

/** What a backup holds is looked at like any other cluster file, later; until then it may be anything. */
function nodesOf(data: unknown): readonly { readonly name?: unknown }[] {
  const nodes = valueAt(data, ['nodes'])
  return Array.isArray(nodes) ? nodes.map((node: unknown) => ({ name: valueAt(node, ['name']) })) : []
}

/** As `restoreCa`, of Kubernetes' CAs and keys. @returns the directory, if it was written */
export async function restoreKubernetesKeys(
  cluster: Cluster,
  { kubernetesKeysSealed, secret, name }: OpenedBackup,
  askPassphrase: AskPassphrase,
): Promise<readonly string[]> {
  if (kubernetesKeysSealed === undefined || secret === undefined) return []
  const keys = await unsealText(secret, kubernetesKeysSealed, `Kubernetes' keys in ${name}`)
  return await importKubernetesKeys({ cluster, askPassphrase }, keys)
}

/** @returns the files that were written: none where the CA is there already, or its key is not in the backup */
export async function restoreCa(
  cluster: Cluster,
  { trustPem, caKeySealed, secret, name }: OpenedBackup,
  askPassphrase: AskPassphrase,
): Promise<readonly string[]> {
  if (trustPem === undefined) return []
  const keyPem =
    caKeySealed === undefined || secret === undefined
      ? undefined
      : await unsealText(secret, caKeySealed, `the CA's key in ${name}`)
  return await importCa(cluster, { trustPem, keyPem }, askPassphrase)
}

async function unsealText(secret: Secret, sealed: Uint8Array, what: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of await unseal(secret, once(sealed), what)) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}
