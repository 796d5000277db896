/** The preview and the result of an import. */
import type { ImportPreview, ImportReport } from '../verbs/transfer/import.ts'
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'
import { counted } from '../spec/units.ts'
import { UNCHANGED } from './unchanged.ts'

/** The counts, the source of the keys, and the risks. */
export function renderImportPreview(
  preview: ImportPreview,
  colors: Pick<CliContext['colors'], 'bold' | 'yellow'>,
): string {
  const { header, new: fresh, same, different, differing, risks } = preview
  const fate = differing === 'replace' ? 'overwritten' : 'kept unchanged'
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
    [same, 'already present'],
    [kept, 'different and kept unchanged'],
    [ended, 'skipped: their lease has expired'],
  ] as const
  const rest = counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []))
  if (!changed) return `${UNCHANGED}${rest.length > 0 ? `: ${rest.join(', ')}` : ''}\n`
  const done = [
    `${counted(written, 'key')} written`,
    ...(replaced > 0 ? [`${replaced} overwritten`] : []),
    ...rest,
  ]
  return `${done.join(', ')}; verified\n`
}
