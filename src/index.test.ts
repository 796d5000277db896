import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '..')

test('what the pages import from the library is exported by it', async () => {
  const names = (await readdir(path.join(ROOT, 'docs'), { recursive: true })).map((name) => `docs/${name}`)
  const pages = ['README.md', ...names.filter((name) => name.endsWith('.md'))]
  const texts = await Promise.all(pages.map(async (name) => await readFile(path.join(ROOT, name), 'utf8')))
  const imported = texts.flatMap((text) =>
    [...text.matchAll(/import (?:type )?\{([^}]*)\} from 'quorate'/g)].flatMap(([, list = '']) =>
      list.split(','),
    ),
  )
  const index = await readFile(path.join(import.meta.dirname, 'index.ts'), 'utf8')
  const wanted = imported
    .map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/ as .*/, ''),
    )
    .filter(Boolean)
  expect(wanted).toContain('parseClusterFile')
  expect(wanted.filter((name) => !new RegExp(`\\b${name}\\b`).test(index))).toEqual([])
})
