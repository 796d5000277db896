/** Removes from a store what nobody wants kept any more, of one cluster and of no other. Needs no session. */
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
  /** The cluster's name: backups of others are not touched. */
  readonly cluster: string
  readonly keep: Retention
  readonly now: Date
  /** Whose records of drills count; left out: nobody's. */
  readonly trust?: ProvenTrust | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PruneReport {
  readonly kept: Sorted<StoredBackup>['kept']
  readonly removed: readonly StoredBackup[]
  /** What should have gone and could not, each with its reason. */
  readonly failed: readonly { readonly backup: StoredBackup; readonly problem: string }[]
}

/** This cluster's, in no order. */
export async function storedBackups(store: BackupStore, options: Among): Promise<readonly StoredBackup[]> {
  return await backupsAmong(store, await store.list(options.signal), options)
}

type Among = Pick<PruneOptions, 'cluster' | 'trust' | 'signal'>

/** As `storedBackups`, of files that were listed already. */
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

/** Of what lies there now, and not of what lay there when it was tried. */
async function recordOf(
  store: BackupStore,
  name: string,
  { trust, signal }: Among,
): Promise<Required<Pick<StoredBackup, 'proven' | 'vouched'>>> {
  const proven = parseProven(await store.read(provenFileName(name), signal))
  if (proven === undefined) return NO_RECORD
  const side = parseSideFile(await store.read(sideFileName(name), signal))
  // Anybody who can write there can have a side file say something else: that takes nothing from what was signed.
  const vouched = trust !== undefined && (await isVouched(name, proven, trust))
  return { proven: isProofOf(proven, side), vouched }
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
  const { signal } = options
  const { kept, removable } = sortBackups(await storedBackups(store, options), options)
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
      failed.push({ backup, problem: inFull(error) })
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
