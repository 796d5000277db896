/** Removes from a store what nobody wants kept any more, of one cluster and of no other. Needs no session. */
import { type BundleName, parseBundleName, provenFileName, sideFileName } from '../backup/names.ts'
import { type DatedBackup, type Sorted, keepers } from '../backup/retention.ts'
import { QuorateError } from '../errors.ts'
import type { Retention } from '../spec/backup.ts'
import type { BackupStore, StoredFile } from '../store/store.ts'

export interface StoredBackup extends BundleName, DatedBackup {
  readonly sizeBytes: number
}

export interface PruneOptions {
  /** The cluster's name: backups of others are not touched. */
  readonly cluster: string
  readonly keep: Retention
  readonly now: Date
  readonly signal?: AbortSignal | undefined
}

export interface PruneReport {
  readonly kept: Sorted<StoredBackup>['kept']
  readonly removed: readonly StoredBackup[]
  /** What should have gone and could not, each with its reason. */
  readonly failed: readonly { readonly backup: StoredBackup; readonly problem: string }[]
}

/** This cluster's, in no order. */
export async function storedBackups(
  store: BackupStore,
  cluster: string,
  signal?: AbortSignal,
): Promise<readonly StoredBackup[]> {
  return backupsAmong(await store.list(signal), cluster)
}

/** As `storedBackups`, of files that were listed already. */
export function backupsAmong(files: readonly StoredFile[], cluster: string): readonly StoredBackup[] {
  const names = new Set(files.map(({ name }) => name))
  return files.flatMap((file) => {
    const bundle = parseBundleName(file.name)
    return bundle === undefined || bundle.cluster !== cluster ? [] : [stored(file, bundle, names)]
  })
}

function stored(
  { sizeBytes, lockedUntil }: StoredFile,
  bundle: BundleName,
  names: ReadonlySet<string>,
): StoredBackup {
  return { ...bundle, sizeBytes, lockedUntil, proven: names.has(provenFileName(bundle.name)) }
}

/** What would stay and what would go. */
export function sortBackups(
  backups: readonly StoredBackup[],
  { keep, now }: Pick<PruneOptions, 'keep' | 'now'>,
): Sorted<StoredBackup> {
  return keepers(backups, keep, now)
}

/** The oldest goes first; one that can't be removed keeps no other from it. @throws QuorateError `store` if it can't be read */
export async function pruneBackups(store: BackupStore, options: PruneOptions): Promise<PruneReport> {
  const { cluster, signal } = options
  const { kept, removable } = sortBackups(await storedBackups(store, cluster, signal), options)
  return { kept, ...(await removeBackups(store, removable, signal)) }
}

/** In the order given; one that can't be removed keeps no other from it. */
export async function removeBackups(
  store: BackupStore,
  removable: readonly StoredBackup[],
  signal?: AbortSignal,
): Promise<Omit<PruneReport, 'kept'>> {
  const removed: StoredBackup[] = []
  const failed: { backup: StoredBackup; problem: string }[] = []
  for (const backup of removable) {
    signal?.throwIfAborted()
    try {
      await removeBackup(store, backup.name, signal)
      removed.push(backup)
    } catch (error) {
      if (!(error instanceof QuorateError) || error.code !== 'store') throw error
      failed.push({ backup, problem: error.message })
    }
  }
  return { removed, failed }
}

/** The bundle first: a side file without one says nothing, but one without side file is still whole. */
async function removeBackup(store: BackupStore, name: string, signal?: AbortSignal): Promise<void> {
  await store.remove(name, signal)
  for (const beside of [sideFileName(name), provenFileName(name)]) {
    if ((await store.read(beside, signal)) !== undefined) await store.remove(beside, signal)
  }
}
