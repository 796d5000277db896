/** Plain aligned columns, which people and `awk` can read. */
import { visible } from '../spec/visible.ts'
import { withoutMarks } from './styles.ts'

/** Columns are as wide as their widest cell; the last one is not padded. Color codes take no width. */
export function renderTable(table: readonly (readonly string[])[], gap = 2): string {
  // Text from a node must not start a new row.
  const rows = table.map((row) => row.map((cell) => cell.replaceAll('\n', String.raw`\n`)))
  const widths = rows.reduce<number[]>((all, row) => {
    for (const [column, cell] of row.entries()) all[column] = Math.max(all[column] ?? 0, width(cell))
    return all
  }, [])
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell) + gap),
        )
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function width(text: string): number {
  return visible(withoutMarks(text)).length
}
