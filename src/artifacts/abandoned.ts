import { lstat, readdir, rm } from 'node:fs/promises'
import path from 'node:path'

const ABANDONED_AFTER_MS = 24 * 3_600_000

/**
 * Removes temporary folders of ours that a killed run left behind a day ago or longer.
 *
 * @param directory absolute path of the folder they are in; others may have theirs there too
 * @param prefix what the names of ours begin with
 */
export async function removeAbandoned(directory: string, prefix: string): Promise<void> {
  const oldest = Date.now() - ABANDONED_AFTER_MS
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue
    const folder = path.join(directory, name)
    const found = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
      // Another run has just renamed or removed it.
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined || !found.isDirectory() || found.uid !== process.getuid?.()) continue
    if (found.mtimeMs < oldest) await rm(folder, { recursive: true, force: true })
  }
}
