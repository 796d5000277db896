/** The contents of an air-gap bundle, for people. */
import { formatBytes } from '../spec/units.ts'
import type { BundleReport } from '../verbs/bundle/bundle.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'

export function renderBundle(report: BundleReport, { dim }: CliContext['colors']): string {
  const { file, sha256, sizeBytes, version, architectures, programs, images } = report
  const rows = [
    ...programs.map(
      ({ arch, name, links, ...part }) => [arch, [name, ...links].join(', '), part.sizeBytes] as const,
    ),
    ...images.map(({ arch, names, ...part }) => [arch, names.join(', '), part.sizeBytes] as const),
  ].map(([arch, what, size]) => [arch, formatBytes(size), what])
  const table = renderTable([['ARCH', 'SIZE', 'CONTENT'].map(dim), ...rows])
  const title = `${file}: Kubernetes ${version} for ${architectures.join(' and ')}, ${formatBytes(sizeBytes)}`
  return `${table}\n${title}\nevery checksum is correct; SHA-256 ${sha256}\n`
}
