// Writes into docs/reference/commands.md what follows from the catalog of commands; test/docs.test.ts says when it is stale.
import { readFile, writeFile } from 'node:fs/promises'
import { withGenerated } from '../src/cli/catalog-page.ts'

const page = new URL('../docs/reference/commands.md', import.meta.url)
await writeFile(page, withGenerated(await readFile(page, 'utf8')))
