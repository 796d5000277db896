/** How the pages in docs/ become a site: the part that needs neither a build nor a browser (test/site/). */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { groupsOf, navigationOf } from '../docs/.vitepress/navigation.ts'
import { outside } from '../docs/.vitepress/outside-links.ts'
import { PAGES } from './shown-commands.ts'

const groups = groupsOf(await readFile(path.resolve(import.meta.dirname, '../docs/index.md'), 'utf8'))

test('the sidebar has every page once', () => {
  const links = groups.flatMap(({ items }) => items.map(({ link }) => link))
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/index.md')
  const addresses = pages.map((page) => page.slice('docs'.length).replace(/(?:index)?\.md$/, ''))
  expect(links.toSorted()).toEqual(addresses.toSorted())
})

test('groups of one kind share a menu, and other entries lead to their first page', () => {
  const index =
    '# t\n\n## Start\n\n- [A](start/a.md): x.\n- [B](b.md)\n\n## Guides: one\n\n- [C](c.md)\n\n## Guides: two\n\n- [D](d/index.md)\n'
  expect(navigationOf(groupsOf(index))).toEqual([
    { text: 'Start', link: '/start/a' },
    {
      text: 'Guides',
      items: [
        { text: 'One', link: '/c' },
        { text: 'Two', link: '/d/' },
      ],
    },
  ])
})

test.each([
  ['../reference/json.md#form', undefined],
  ['#form', undefined],
  ['https://age-encryption.org/', undefined],
  ['../../test/lab/apply.test.ts', 'test/lab/apply.test.ts'],
  ['../../README.md#install', 'README.md#install'],
  ['../images/apply.cast', 'docs/images/apply.cast'],
])('%s on a page leads outside the site to %s', (link, file) => {
  expect(outside('guides/backup.md', link)).toBe(file)
})
