/** What an import will do, and what it did. */
import type { ImportPreview, ImportReport } from '../verbs/transfer/import.ts'
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'
import { counted } from '../spec/units.ts'

/** The counts, where the keys are from, and what whoever says yes should know. */
export function renderImportPreview(
  preview: ImportPreview,
  colors: Pick<CliContext['colors'], 'bold' | 'yellow'>,
): string {
  const { header, new: fresh, same, different, differing, risks } = preview
  const fate = differing === 'replace' ? 'written over' : 'left as they are'
  return [
    `  from ${colors.bold(header.cluster)}, revision ${header.revision}, ${header.time}\n`,
    `  new: ${fresh}   same: ${same}   different: ${different}${different > 0 ? ` (${fate})` : ''}\n`,
    ...risks.map((risk) => `  ${colors.yellow('!')} ${oneLine(risk)}\n`),
  ].join('')
}

export function renderImport(report: ImportReport): string {
  const { changed, dryRun, preview, written, replaced, same, kept, ended } = report
  if (dryRun && preview.new + preview.different > 0) return 'dry run: nothing was written\n'
  const counts = [
    [same, 'were there already'],
    [kept, 'differ and stay as they are'],
    [ended, 'are left out: their lease had ended'],
  ] as const
  const rest = counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []))
  if (!changed) return `nothing to change${rest.length > 0 ? `: ${rest.join(', ')}` : ''}\n`
  const done = [
    `${counted(written, 'key')} written`,
    ...(replaced > 0 ? [`${replaced} written over`] : []),
    ...rest,
  ]
  return `${done.join(', ')}; compared again: as they should be\n`
}
