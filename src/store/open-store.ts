/** Opens the backup location that a cluster file or a command line names. */
import type { StoreLocation } from '../spec/backup.ts'
import type { BackupStore } from './store.ts'

export interface StoreContext {
  /** Where AWS_* variables are read from. */
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** @throws QuorateError `store`: it can't be used; `permission`: without the key for it */
export async function openStore(
  location: StoreLocation,
  { environment, signal }: StoreContext,
): Promise<BackupStore> {
  if (location.kind === 'directory') {
    const { openDirectoryStore } = await import('./directory.ts')
    return await openDirectoryStore(location.path)
  }
  const { openS3Store } = await import('./s3.ts')
  return await openS3Store(location, environment, signal)
}
