/** The private key of a CA on the workstation as text: for a backup, which encrypts it at once. */
import path from 'node:path'
import type { Cluster } from '../spec/cluster.ts'
import type { AskPassphrase } from './authority.ts'
import { readPrivateKey } from './ca-key.ts'
import { keyFile, localAuthorityExists } from './local.ts'

/**
 * PKCS#8, PEM. undefined: the key is not on the workstation (`host`, `offline`), or there is no CA yet.
 * @throws QuorateError `pki`, `permission` as `readPrivateKey`
 */
export async function exportCaKey(
  cluster: Cluster,
  askPassphrase: AskPassphrase,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { authority } = cluster.pki
  if (authority.home !== 'local') return undefined
  const { certificate, key, passphrase } = authority
  const existing = certificate !== undefined && key !== undefined ? { certificate, key } : undefined
  const options = { directory: path.join(cluster.stateDirectory, 'ca'), existing, passphrase }
  if (!(await localAuthorityExists(options))) return undefined
  const file = await keyFile(options)
  const opened = await readPrivateKey({ file, purpose: `the CA key ${file}`, askPassphrase }, signal)
  return opened.export({ type: 'pkcs8', format: 'pem' }).toString()
}
