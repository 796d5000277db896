/** `quorate backup prune`: shown first, with the reason for each that stays; then removed what was shown, and no more. */
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
  /** Where they are, for messages. */
  readonly store: string
  readonly keep: Retention
  /** Side files whose bundle is gone: of a run that broke off. */
  readonly orphans: readonly string[]
}

export interface PruneRequest {
  /** The cluster's name: backups of others are not touched. */
  readonly cluster: string
  readonly keep: Retention
  /** Whose records of drills count; left out: nobody's. */
  readonly trust?: ProvenTrust | undefined
  /** Who asks: where the record is kept, and who is told. */
  readonly operator: Operator
  readonly signal: AbortSignal
  /** Is shown what will go before anything does, and throws to stop. Not asked where nothing goes. */
  readonly confirm: (preview: PrunePreview) => Promise<void>
}

export interface PruneResult extends PruneReport {
  readonly store: string
  /** Side files of bundles that were gone already. */
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

/** What cannot be removed is reported, and keeps nothing else from it. Safe to run again after any interruption. */
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

/** Somebody may have taken, proven or removed one meanwhile: what goes has been shown, and may go now as well. */
function bothIn(shown: PrunePreview, now: PrunePreview): PrunePreview {
  const names = new Set(shown.removable.map(({ name }) => name))
  return {
    ...now,
    removable: now.removable.filter(({ name }) => names.has(name)),
    // A bundle is there before its side files, so one that was missing twice is not on its way.
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

/** Without those that another run removed first. */
async function stillThere(
  store: BackupStore,
  failed: PruneReport['failed'],
  signal: AbortSignal,
): Promise<PruneReport['failed']> {
  if (failed.length === 0) return failed
  const names = new Set((await store.list(signal)).map(({ name }) => name))
  return failed.filter(({ backup }) => names.has(backup.name))
}

/** @throws QuorateError `store` with what could not be removed, each with its reason */
export function requirePruned({
  failed,
  removed,
  store,
}: Pick<PruneResult, 'failed' | 'removed' | 'store'>): void {
  if (failed.length === 0) return
  const lines = failed.map(({ backup, problem }) => `${backup.name}: ${problem}`)
  const message = `can't delete ${failed.length} of ${counted(failed.length + removed.length, 'backup')} from ${store}:\n${lines.join('\n')}`
  throw new QuorateError('store', message, {
    hint: 'remove the cause, then rerun the command (the other backups were deleted)',
  })
}
