/**
 * Expired CAs that members trust. A member's files drop one as soon as its certificate is renewed. Its process trusts it
 * until the restart, and has only its fingerprint.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { readText } from '../../../files/read-file.ts'
import { replaceFile } from '../../../files/atomic-file.ts'
import type { Cluster } from '../../../spec/cluster.ts'

/** How many of the latest to keep: members trust one CA, or two during a rotation. */
const KEPT = 8

/** @param seen PEM, one certificate each. @returns these and those that were seen before */
export async function rememberExpired(
  { stateDirectory }: Pick<Cluster, 'stateDirectory'>,
  seen: readonly string[],
): Promise<readonly string[]> {
  const file = path.join(stateDirectory, 'expired-ca.crt')
  const before = await certificatesIn(file)
  const all = [...new Set([...seen, ...before])].slice(0, KEPT)
  if (seen.some((one) => !before.includes(one))) {
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    await replaceFile(file, all.join(''), 0o644)
  }
  return all
}

async function certificatesIn(file: string): Promise<readonly string[]> {
  try {
    return (await readText(file)).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? []
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
