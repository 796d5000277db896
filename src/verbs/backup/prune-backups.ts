/** Removes one cluster's backups that are outside the retention policy from a backup location. Needs no session. */
import { parseSideFile } from '../../backup/bundle.ts'
import { type BundleName, parseBundleName, provenFileName, sideFileName } from '../../backup/names.ts'
import { type ProvenTrust, isVouched, parseProven } from '../../backup/proven.ts'
import { type DatedBackup, type Sorted, keepers } from '../../backup/retention.ts'
import { inFull, QuorateError } from '../../errors.ts'
import type { Retention } from '../../spec/backup.ts'
import type { BackupStore, StoredFile } from '../../store/store.ts'
import { isProofOf } from './proven-record.ts'

export interface StoredBackup extends BundleName, DatedBackup {
  readonly sizeBytes: number
}

export interface PruneOptions {
  /** The cluster's name: backups of other clusters are not touched. */
  readonly cluster: string
  readonly keep: Retention
  readonly now: Date
  /** Whose records of test restores count; omitted: none. */
  readonly trust?: ProvenTrust | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PruneReport {
  readonly kept: Sorted<StoredBackup>['kept']
  readonly removed: readonly StoredBackup[]
  /** Backups that could not be removed, each with its reason. */
  readonly failed: readonly { readonly backup: StoredBackup; readonly problem: string }[]
}

/** This cluster's backups, in no particular order. */
export async function storedBackups(store: BackupStore, options: Among): Promise<readonly StoredBackup[]> {
  return await backupsAmong(store, await store.list(options.signal), options)
}

type Among = Pick<PruneOptions, 'cluster' | 'trust' | 'signal'>

/** As `storedBackups`, from files that were already listed. */
export async function backupsAmong(
  store: BackupStore,
  files: readonly StoredFile[],
  options: Among,
): Promise<readonly StoredBackup[]> {
  const names = new Set(files.map(({ name }) => name))
  const backups: StoredBackup[] = []
  for (const { name, sizeBytes, lockedUntil } of files) {
    const bundle = parseBundleName(name)
    if (bundle === undefined || bundle.cluster !== options.cluster) continue
    const record = names.has(provenFileName(name)) ? await recordOf(store, name, options) : NO_RECORD
    backups.push({ ...bundle, sizeBytes, lockedUntil, ...record })
  }
  return backups
}

const NO_RECORD = { proven: false, vouched: false }

/** The record must be about the present file, not about an earlier one with that name. */
async function recordOf(
  store: BackupStore,
  name: string,
  { trust, signal }: Among,
): Promise<Required<Pick<StoredBackup, 'proven' | 'vouched'>>> {
  const proven = parseProven(await store.read(provenFileName(name), signal))
  if (proven === undefined) return NO_RECORD
  const side = parseSideFile(await store.read(sideFileName(name), signal))
  // Anyone with write access can change a side file. That must not invalidate what was signed.
  const vouched = trust !== undefined && (await isVouched(name, proven, trust))
  return { proven: isProofOf(proven, side), vouched }
}

/** Which backups would be kept, and which removed. */
export function sortBackups(
  backups: readonly StoredBackup[],
  { keep, now }: Pick<PruneOptions, 'keep' | 'now'>,
): Sorted<StoredBackup> {
  return keepers(backups, keep, now)
}

/**
 * Removes the oldest first. If one can't be removed, the others still are. @throws QuorateError `store` if it can't be
 * read
 */
export async function pruneBackups(store: BackupStore, options: PruneOptions): Promise<PruneReport> {
  const { signal } = options
  const { kept, removable } = sortBackups(await storedBackups(store, options), options)
  return { kept, ...(await removeBackups(store, removable, signal)) }
}

/** Removes backups in the given order. If one can't be removed, the others still are. */
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
      failed.push({ backup, problem: inFull(error) })
    }
  }
  return { removed, failed }
}

/** The bundle first: a bundle without its side file is still complete, but a side file alone is useless. */
async function removeBackup(store: BackupStore, name: string, signal?: AbortSignal): Promise<void> {
  await store.remove(name, signal)
  for (const beside of [sideFileName(name), provenFileName(name)]) {
    if ((await store.read(beside, signal)) !== undefined) await store.remove(beside, signal)
  }
}
