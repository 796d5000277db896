/** The comparison with other tools: every cell has a source, and every source a cell. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '..')
const page = await readFile(path.join(ROOT, 'docs/project/comparison.md'), 'utf8')
const [text = '', sources = ''] = page.split('\n## Sources\n')

/** Rows of tables with a column for each tool; without headings. */
function rows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| |'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
    .filter((cells) => cells.length === 8)
}

/** The first sign or word of each cell. */
function signs(cells: readonly string[]): (string | undefined)[] {
  return cells.map((cell) => /^(?:✓|✗|\?|partly)/.exec(cell)?.[0])
}

test('every cell about another tool is unknown, or names its source', () => {
  const cells = rows(text).flatMap(([what, , ...others]) => others.map((cell) => `${what}: ${cell}`))
  expect(cells.length).toBeGreaterThan(100)
  expect(cells.filter((cell) => !/: \?$|\[[A-Z]\d(?:, [A-Z]\d)*\]$/.test(cell))).toEqual([])
})

test('every source that is named is listed, and every listed one is used', () => {
  const named = [...text.matchAll(/\[([A-Z]\d(?:, [A-Z]\d)*)\]/g)].flatMap(([, list = '']) =>
    list.split(', '),
  )
  const listed = [...sources.matchAll(/^\| ([A-Z]\d) \|/gm)].map(([, id]) => id)
  expect(new Set(named)).toEqual(new Set(listed))
  expect(new Set(listed).size).toBe(listed.length)
})

test("README's table says the same of each tool as the page", async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
  const full = new Map(rows(text).map(([what = '', ...cells]) => [what, cells]))
  const short = rows(readme)
  expect(short.length).toBeGreaterThan(5)
  for (const [what = '', ...cells] of short)
    expect([what, ...signs(cells)]).toEqual([what, ...signs(full.get(what) ?? [])])
})
