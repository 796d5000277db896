/** What is not reworded yet: `pending.txt`, one line for each file and rule, with the number of allowed findings. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Finding } from './check.ts'

const FILE = path.join(import.meta.dirname, 'pending.txt')

export type Counts = ReadonlyMap<string, number>

/** If a merge left a line twice, the smaller number counts. */
export function readPending(): Counts {
  const counts = new Map<string, number>()
  if (!existsSync(FILE)) return counts
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    const [file = '', rule = '', count = ''] = line.split(' ')
    const key = `${file} ${rule}`
    if (count !== '') counts.set(key, Math.min(Number(count), counts.get(key) ?? Infinity))
  }
  return counts
}

export function countsOf(findings: readonly Finding[]): Counts {
  const groups = Map.groupBy(findings, ({ file, rule }) => `${file} ${rule}`)
  return new Map([...groups].map(([key, group]) => [key, group.length]))
}

/** The allowance of a file. A moved file keeps it. */
export function allowed(pending: Counts, key: string): number {
  const own = pending.get(key)
  if (own !== undefined) return own
  const [file = '', rule = ''] = key.split(' ')
  const moved = [...pending].find(([other]) => {
    const [from = '', ofRule = ''] = other.split(' ')
    return ofRule === rule && path.basename(from) === path.basename(file) && !existsSync(from)
  })
  return moved?.[1] ?? 0
}

/** Only lowers numbers, so that the gate keeps refusing what is above them. A missing file is written completely. */
export function writePending(findings: readonly Finding[]): void {
  const isNew = !existsSync(FILE)
  const pending = readPending()
  const lines = [...countsOf(findings)].flatMap(([key, count]) => {
    const most = isNew ? count : Math.min(count, allowed(pending, key))
    return most === 0 ? [] : [`${key} ${most}`]
  })
  writeFileSync(
    FILE,
    lines
      .toSorted()
      .map((line) => `${line}\n`)
      .join(''),
  )
}
