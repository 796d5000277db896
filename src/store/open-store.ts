/** The store that a cluster file or a command line names. */
import type { StoreLocation } from '../spec/backup.ts'
import type { BackupStore } from './store.ts'

export interface StoreContext {
  /** Where AWS_* are read from. */
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** @throws QuorateError `store`: it can't be used */
export async function openStore(location: StoreLocation, _context: StoreContext): Promise<BackupStore> {
  if (location.kind === 'directory') {
    const { openDirectoryStore } = await import('./directory.ts')
    return await openDirectoryStore(location.path)
  }
  throw new TypeError('not yet')
}
