/** A restore onto new nodes from a backup alone: first writes the cluster file and the CA. */
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
 * The cluster file of the backup, with the given new addresses.
 *
 * @returns the text to write; undefined: a file exists, and is kept
 * @throws QuorateError `backup` for a bare snapshot; `usage` for an unknown node, or new addresses for an existing file
 */
export function plannedClusterFile(
  { clusterFile, name }: Pick<OpenedBackup, 'clusterFile' | 'name'>,
  into: string,
  addresses: Readonly<Record<string, string>>,
): string | undefined {
  if (existsSync(into)) {
    if (Object.keys(addresses).length === 0) return undefined
    throw new QuorateError('usage', `can't apply --address: ${into} already exists`, {
      hint: 'edit the addresses in that file, and omit --address',
    })
  }
  if (clusterFile !== undefined) return withAddresses(clusterFile, addresses)
  throw new QuorateError('backup', `${name} contains no cluster file: it is a bare snapshot`, {
    hint: 'create a cluster file (quorate init), then run quorate -f FILE restore SNAPSHOT',
  })
}

/** @throws QuorateError `moved` if the file exists by now */
export async function writeClusterFile(into: string, text: string): Promise<void> {
  await mkdir(path.dirname(into), { recursive: true })
  if (!(await createFile(into, text, 0o644)))
    throw new QuorateError('moved', `${into} was created during the run`)
  await chmod(into, 0o644)
}

/** Writes the list of allowed signers next to the CA, unless one exists. @returns the file, if it was written */
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
    throw new QuorateError('usage', `--address ${node}=${value}: the backup has no node ${node}`, {
      hint: `use one of the nodes: ${nodes.map(({ name }) => String(name)).join(', ')}`,
    })
  })
  return editValues(text, edits)
}

/** The backup's cluster file is validated later, like any other; until then its content is untrusted. */
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

/** @returns the files that were written: none if the CA exists already, or the backup has no CA key */
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
