/**
 * `quorate backup prune`: shows what it would remove, and why it keeps the rest. Then it removes only what was shown.
 */
import type { ProvenTrust } from '../../backup/proven.ts'
import { parseBundleName, provenFileName, sideFileName } from '../../backup/names.ts'
import type { Sorted } from '../../backup/retention.ts'
import { type Operator, type VerbSession, idle, runVerb, withoutMachines } from '../../engine/run-verb.ts'
import { QuorateError } from '../../errors.ts'
import type { Retention, StoreLocation } from '../../spec/backup.ts'
import { openStore } from '../../store/open-store.ts'
import type { BackupStore, StoredFile } from '../../store/store.ts'
import {
  type PruneReport,
  type StoredBackup,
  backupsAmong,
  removeBackups,
  sortBackups,
} from './prune-backups.ts'
import { counted } from '../../spec/units.ts'

export interface PrunePreview extends Sorted<StoredBackup> {
  /** The backup location, for messages. */
  readonly store: string
  readonly keep: Retention
  /** Side files without a bundle, left by an interrupted run. */
  readonly orphans: readonly string[]
}

export interface PruneRequest {
  /** The cluster's name: backups of other clusters are not touched. */
  readonly cluster: string
  readonly keep: Retention
  /** Whose records of test restores count; omitted: none. */
  readonly trust?: ProvenTrust | undefined
  /** The operator: where the record is kept, and who receives reports. */
  readonly operator: Operator
  readonly signal: AbortSignal
  /** Receives what will be removed before anything is; throws to stop. Not called if there is nothing to remove. */
  readonly confirm: (preview: PrunePreview) => Promise<void>
}

export interface PruneResult extends PruneReport {
  readonly store: string
  /** Side files whose bundle no longer existed. */
  readonly swept: readonly string[]
}

/** @throws QuorateError `store` if it can't be read; `cancelled` */
export async function prune(
  location: StoreLocation,
  request: PruneRequest & { readonly environment: NodeJS.ProcessEnv },
): Promise<PruneResult> {
  using store = await openStore(location, request)
  return await pruneStore(store, request)
}

/** Reports what can't be removed, and still removes the rest. Safe to rerun after any interruption. */
export async function pruneStore(store: BackupStore, request: PruneRequest): Promise<PruneResult> {
  const { operator, signal, confirm } = request
  const { result } = await runVerb<VerbSession, PrunePreview, PruneResult>(
    withoutMachines(operator, signal),
    {
      name: 'backup prune',
      decide: async (_, shown) => {
        const now = await look(store, request)
        if (shown !== undefined) return bothIn(shown, now)
        const { kept, removable, orphans } = now
        if (removable.length > 0 || orphans.length > 0) return now
        return idle({ store: store.title, kept, removed: [], failed: [], swept: [] })
      },
      confirm,
      scope: () => 'none',
      same: () => true,
      lookHint: 'quorate backup list',
      probe: () => false,
      carryOut: async ({ decision }) => await remove(store, decision, signal),
    },
  )
  return result
}

/**
 * Another run may have taken, restore-tested or removed a backup since the preview. Only what was shown and may still
 * be removed is removed.
 */
function bothIn(shown: PrunePreview, now: PrunePreview): PrunePreview {
  const names = new Set(shown.removable.map(({ name }) => name))
  return {
    ...now,
    removable: now.removable.filter(({ name }) => names.has(name)),
    // A bundle is written before its side files, so a bundle that was missing twice is not about to appear.
    orphans: now.orphans.filter((orphan) => shown.orphans.includes(orphan)),
  }
}

async function remove(
  store: BackupStore,
  { removable, kept, orphans }: PrunePreview,
  signal: AbortSignal,
): Promise<PruneResult> {
  const { removed, failed } = await removeBackups(store, removable, signal)
  const swept: string[] = []
  for (const name of orphans) {
    await store.remove(name, signal)
    swept.push(name)
  }
  return { store: store.title, kept, removed, failed: await stillThere(store, failed, signal), swept }
}

async function look(store: BackupStore, request: PruneRequest): Promise<PrunePreview> {
  const { cluster, keep, operator, signal } = request
  const files = await store.list(signal)
  const sorted = sortBackups(await backupsAmong(store, files, request), { keep, now: operator.now() })
  if (sorted.removable.length > 0 && sorted.kept.length === 0)
    throw new TypeError('no rule may remove every backup there is')
  return { ...sorted, store: store.title, keep, orphans: orphansAmong(files, cluster) }
}

function orphansAmong(files: readonly StoredFile[], cluster: string): readonly string[] {
  const names = new Set(files.map(({ name }) => name))
  return [...names].filter((name) => {
    const bundle = parseBundleName(name.replace(/(?:\.proven)?\.json$/, ''))
    if (bundle === undefined || bundle.cluster !== cluster || names.has(bundle.name)) return false
    return [sideFileName(bundle.name), provenFileName(bundle.name)].includes(name)
  })
}

/** Without those that another run has removed. */
async function stillThere(
  store: BackupStore,
  failed: PruneReport['failed'],
  signal: AbortSignal,
): Promise<PruneReport['failed']> {
  if (failed.length === 0) return failed
  const names = new Set((await store.list(signal)).map(({ name }) => name))
  return failed.filter(({ backup }) => names.has(backup.name))
}

/** @throws QuorateError `store` with everything that could not be removed, each with its reason */
export function requirePruned({
  failed,
  removed,
  store,
}: Pick<PruneResult, 'failed' | 'removed' | 'store'>): void {
  if (failed.length === 0) return
  const lines = failed.map(({ backup, problem }) => `${backup.name}: ${problem}`)
  const message = `can't delete ${failed.length} of ${counted(failed.length + removed.length, 'backup')} from ${store}:\n${lines.join('\n')}`
  throw new QuorateError('store', message, {
    id: 'files-were-not-deleted',
    hint: 'remove the cause, then rerun the command (the other backups were deleted)',
  })
}
