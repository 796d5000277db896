/** Files that appear whole and with their final mode, or not at all. */
import { link, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { draftBeside } from './temporary.ts'

/** Creates or replaces `file`. Mode is octal, `0o600` for a key; the umask can't widen it. */
export async function replaceFile(file: string, data: string | Uint8Array, mode: number): Promise<void> {
  await viaTemporary(file, data, mode, (temporary) => rename(temporary, file))
}

/**
 * Creates `file` unless it exists. Returns whether this call created it: of two concurrent calls, only one
 * does.
 */
export async function createFile(file: string, data: string | Uint8Array, mode: number): Promise<boolean> {
  return viaTemporary(file, data, mode, async (temporary) => {
    try {
      await link(temporary, file)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await rm(temporary, { force: true })
    }
  })
}

/** Flushes a directory's entries to disk: only then is a rename durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function viaTemporary<T>(
  file: string,
  data: string | Uint8Array,
  mode: number,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = await draftBeside(file)
  try {
    await writeNewFile(temporary, data, mode)
    const result = await place(temporary)
    await syncDirectory(path.dirname(file))
    return result
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Writes a file that must not exist yet, flushed to disk. */
export async function writeNewFile(file: string, data: string | Uint8Array, mode: number): Promise<void> {
  // Private until it is complete. The final mode is set last and exactly, whatever the umask is.
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(data)
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
