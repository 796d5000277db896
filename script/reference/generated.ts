/**
 * Every file, or part of a page, that is generated from the code: `npm run generate` writes them, and a test reports
 * stale ones.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { clusterJsonSchema } from '../../src/spec/json-schema.ts'
import { allCommands, asksForName, commandList, sharedOptionTable } from './commands-page.ts'
import { errorTexts } from './error-texts.ts'
import { errorsPage, exitCodeTable } from './errors-page.ts'
import { jsonTable } from './json-page.ts'
import { keyTables } from './key-tables.ts'
import { manPages } from './man-pages.ts'
import { messagesPage } from './messages-page.ts'
import { metricsPage } from './metrics-page.ts'
import { outputSchemas } from './output-schemas.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** Directories that only contain generated files. */
export const GENERATED_DIRECTORIES = ['man', 'schema/output'] as const

/** By page: the parts between `<!-- NAME -->` and `<!-- /NAME -->`. */
const PARTS: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/reference/commands.md': {
    'shared-options': sharedOptionTable,
    'asks-for-name': asksForName,
    'command-list': commandList,
    commands: allCommands,
  },
  'docs/reference/cluster-file.md': keyTables(),
  'docs/reference/exit-codes.md': { 'exit-codes': exitCodeTable },
  'docs/reference/json.md': { 'json-output': jsonTable },
}

/** Contents by path from the root of the checkout. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>([
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/messages.md', messagesPage()],
    ['docs/reference/metrics.md', metricsPage()],
    ['schema/cluster.schema.json', json(clusterJsonSchema())],
    ['src/cli/explain/error-texts.json', json(errorTexts())],
  ])
  const pages = manPages()
  for (const [name, page] of pages) files.set(`man/${name}`, page)
  files.set('package.json', await withManPages([...pages.keys()]))
  for (const [name, schema] of outputSchemas()) files.set(`schema/output/${name}.schema.json`, json(schema))
  for (const [page, parts] of Object.entries(PARTS)) {
    files.set(page, withParts(page, await readFile(path.join(ROOT, page), 'utf8'), parts))
  }
  return files
}

/** npm installs the manual pages that package.json lists; a directory is not enough. */
async function withManPages(names: readonly string[]): Promise<string> {
  const present = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as object
  return json({ ...present, man: names.map((name) => `./man/${name}`) })
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function withParts(page: string, present: string, parts: Readonly<Record<string, () => string>>): string {
  return Object.entries(parts).reduce((text, [name, generate]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from === -1 || to < from) throw new TypeError(`${page} has no place for ${name}`)
    return `${text.slice(0, from)}${begin}${generate()}${text.slice(to)}`
  }, present)
}
