/** What a confirmation says before its question: what is lost, what is kept, and for how long etcd is down. */
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'

export interface Consequences {
  readonly loses: string
  readonly keeps: string
  readonly downtime: string
}

/** Three lines. */
export function renderConsequences(
  { loses, keeps, downtime }: Consequences,
  { bold }: Pick<CliContext['colors'], 'bold'>,
): string {
  const rows = [
    ['Loses:', loses],
    ['Keeps:', keeps],
    ['Downtime:', downtime],
  ] as const
  return rows.map(([label, text]) => `  ${bold(label.padEnd(9))} ${oneLine(text)}\n`).join('')
}
