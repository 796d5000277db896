/** The file of a kubeconfig: quorate replaces only files that it wrote for this cluster. */
import type { Stats } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { constants } from 'node:fs'
import type { IdOf } from '../../error-ids.ts'
import { QuorateError } from '../../errors.ts'
import { createFile, replaceFile } from '../../files/atomic-file.ts'

export function firstLine(cluster: string): string {
  return `# Written by quorate for ${cluster}: it holds a private key.`
}

/** @throws QuorateError `state` if the file exists, and quorate did not write it for this cluster */
export async function requireOurs(file: string, cluster: string): Promise<'ours' | 'none'> {
  const found = await look(file)
  if (found === undefined) return 'none'
  if (!found.isFile()) throw refused(file, 'is not a regular file', { id: 'not-a-regular-file' })
  if (found.uid !== process.getuid?.()) throw refused(file, `belongs to another user (uid ${found.uid})`)
  const line = firstLine(cluster)
  // Follows no link, and doesn't wait for the writer of a named pipe: the file may have been replaced.
  await using handle = await open(
    file,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  ).catch((error: unknown) => {
    throw QuorateError.from(error, 'state', `can't read ${file}`)
  })
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(line.length + 1), 0, line.length + 1, 0)
  if (buffer.subarray(0, bytesRead).toString('latin1') === `${line}\n`) return 'ours'
  throw refused(file, 'already exists, and quorate did not write it for this cluster')
}

/** Mode 600, written completely or not at all. @throws QuorateError `state` as above, or if it can't be written */
export async function writeOurs(file: string, cluster: string, text: string): Promise<void> {
  const there = await requireOurs(file, cluster)
  try {
    if (there === 'ours') return await replaceFile(file, text, 0o600)
    if (await createFile(file, text, 0o600)) return
  } catch (error) {
    throw QuorateError.from(error, 'state', `can't write ${file}`)
  }
  throw refused(file, 'was created by another process')
}

async function look(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw QuorateError.from(error, 'state', `can't write ${file}`)
  }
}

interface Refusal {
  readonly id: IdOf<'state'>
}

function refused(file: string, why: string, { id }: Refusal = { id: 'not-our-file' }): QuorateError {
  return new QuorateError('state', `${file} ${why}`, {
    id,
    hint: 'choose another file with --out, or move that one away first',
  })
}
