/** Which backups stay and why, and which are deleted. */
import type { Keeper, Reason } from '../backup/retention.ts'
import type { StoredBackup } from '../verbs/backup/prune-backups.ts'
import type { PrunePreview, PruneResult } from '../verbs/backup/prune.ts'
import { counted, formatBytes, plural } from '../spec/units.ts'
import type { Consequences } from './consequences.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import type { KeptJson, PruneDone, PrunePreviewLine } from './output/lines.ts'

const REASONS: Readonly<Record<Reason, string>> = {
  newest: 'the newest',
  hourly: 'hourly',
  daily: 'daily',
  weekly: 'weekly',
  monthly: 'monthly',
  proven: 'the newest restore-tested one',
  locked: 'locked by the backup location',
  future: 'ahead of the clock of this workstation',
}

export function renderPrunePreview(
  { kept, removable, orphans, store, keep }: PrunePreview,
  colors: CliContext['colors'],
): string {
  const counts = Object.entries(keep).map(([kind, number]) => `${number} ${kind}`)
  const stays = kept.map((one) => [`  ${colors.green('keep')}`, one.backup.name, why(one)])
  const goes = removable.map(({ name, sizeBytes }) => [
    `  ${colors.red('delete')}`,
    name,
    formatBytes(sizeBytes),
  ])
  const sides = orphans.map((name) => [`  ${colors.red('delete')}`, name, 'its backup is missing'])
  return `${store}, retention policy ${counts.join(', ')}:\n${renderTable([...stays, ...goes, ...sides])}`
}

export function pruneLosses({ removable, orphans, kept }: PrunePreview): Consequences {
  const [newest] = kept
  const sides = orphans.length > 0 ? [counted(orphans.length, 'side file')] : []
  const gone = removable.length > 0 ? [`${counted(removable.length, 'backup')} (${taken(removable)})`] : []
  const left = newest === undefined ? '' : `, the newest from ${minuteOf(newest.backup)}`
  return {
    loses: `${[...gone, ...sides].join(' and ')}, permanently`,
    keeps: `${counted(kept.length, 'backup')}${left}`,
    downtime: 'none: no node is contacted',
  }
}

/** @param backups oldest first */
function taken(backups: readonly StoredBackup[]): string {
  const [first] = backups
  const last = backups.at(-1)
  if (first === undefined || last === undefined) return ''
  return first === last ? `from ${minuteOf(first)}` : `${minuteOf(first)} to ${minuteOf(last)}`
}

function minuteOf({ takenAt }: StoredBackup): string {
  return `${takenAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function pruneQuestion({ removable, orphans, store, kept }: PrunePreview): string {
  const parts = [
    ...(removable.length > 0
      ? [`${counted(removable.length, 'backup')} (${formatBytes(bytesOf(removable))})`]
      : []),
    ...(orphans.length > 0 ? [counted(orphans.length, 'side file')] : []),
  ]
  return `Delete ${parts.join(' and ')} from ${store} permanently? ${counted(kept.length, 'backup')} will be left.`
}

export function renderPruned(
  { kept, removed, swept, store }: PruneResult,
  colors: CliContext['colors'],
): string {
  if (removed.length === 0 && swept.length === 0) return `nothing to delete in ${store}: ${staying(kept)}\n`
  const sides = swept.length > 0 ? `, ${counted(swept.length, 'side file')} without a backup` : ''
  return `${colors.green('✓')} deleted ${counted(removed.length, 'backup')} (${formatBytes(bytesOf(removed))})${sides}; ${staying(kept)}\n`
}

export function prunePreviewJson({ kept, removable, orphans, store, keep }: PrunePreview): PrunePreviewLine {
  return {
    type: 'preview',
    store,
    keep,
    kept: keptJson(kept),
    removable: removable.map(({ name }) => name),
    orphans,
  }
}

export function prunedJson({ kept, removed, failed, swept, store }: PruneResult): PruneDone {
  return {
    type: 'done',
    store,
    kept: keptJson(kept),
    removed: removed.map(({ name }) => name),
    failed: failed.map(({ backup, problem }) => ({ name: backup.name, problem })),
    swept,
  }
}

function keptJson(kept: PrunePreview['kept']): readonly KeptJson[] {
  return kept.map(({ backup, reasons }) => ({ name: backup.name, reasons }))
}

function why({ reasons }: Keeper<StoredBackup>): string {
  return reasons.map((reason) => REASONS[reason]).join(', ')
}

function staying(kept: PrunePreview['kept']): string {
  return `${counted(kept.length, 'backup')} ${plural(kept.length, 'stays', 'stay')}`
}

function bytesOf(backups: readonly StoredBackup[]): number {
  return backups.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
