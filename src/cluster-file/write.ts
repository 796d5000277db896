/** Writes the cluster file: completely or not at all, and only over the text that was read. */
import { constants } from 'node:fs'
import { access, chown, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { createFile, replaceFile } from '../files/atomic-file.ts'

/** @param purpose completes 'it is to …': `name the new version in the end`. @throws QuorateError `permission` */
export async function requireWritable(clusterFile: string, purpose: string): Promise<void> {
  const file = await realpath(clusterFile)
  try {
    await access(file, constants.W_OK)
    await access(path.dirname(file), constants.W_OK)
  } catch (error) {
    throw QuorateError.from(error, 'permission', `can't write the cluster file ${file}`, {
      hint: `run quorate as the owner of the file, to ${purpose}`,
    })
  }
}

/**
 * Never overwrites a file, even one that was created a moment ago.
 *
 * @param alreadyThere the error for that case
 * @throws QuorateError `state` if it can't be written: then nothing of it stays
 */
export async function writeNewClusterFile(
  file: string,
  text: string,
  alreadyThere: (file: string) => QuorateError,
): Promise<void> {
  const made = await createFile(file, text, 0o644).catch((error: unknown) => {
    throw QuorateError.from(error, 'state', `${file} can't be written`)
  })
  if (!made) throw alreadyThere(file)
}

/** Keeps mode, owner and links. */
export async function replaceClusterFile(clusterFile: string, text: string): Promise<void> {
  const file = await realpath(clusterFile)
  const { mode, uid, gid } = await stat(file)
  await replaceFile(file, text, mode & 0o777)
  if (process.getuid?.() === 0) await chown(file, uid, gid)
}

/** @throws QuorateError `moved` if the file has changed since it was read. */
export async function requireUnchanged(clusterFile: string, text: string): Promise<void> {
  if ((await readText(clusterFile)) === text) return
  throw new QuorateError('moved', `${clusterFile} was changed by another program during this run`, {
    hint: 'rerun the same command',
  })
}
