/** How many sentences a file may still pin: `pins.txt`, a line for each file. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Pin } from './pins.ts'

const FILE = path.join(import.meta.dirname, 'pins.txt')

/** By file. A line that a merge has left twice counts with the smaller number. */
export function readCounts(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    const [file = '', count] = line.split(' ')
    if (count !== undefined) counts.set(file, Math.min(Number(count), counts.get(file) ?? Infinity))
  }
  return counts
}

/** Lowers what can be lowered, and raises nothing. */
export function lowerCounts(pins: readonly Pin[]): void {
  const most = readCounts()
  const lines = [...Map.groupBy(pins, ({ file }) => file)].flatMap(([file, group]) => {
    const count = Math.min(group.length, most.get(file) ?? 0)
    return count === 0 ? [] : [`${file} ${count}\n`]
  })
  writeFileSync(FILE, lines.toSorted().join(''))
}
