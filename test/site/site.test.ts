/** The documentation's site in a browser: every page, every link, on a desktop and on a phone. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { createMarkdownRenderer } from 'vitepress'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rewriteOutsideLinks } from '../../docs/.vitepress/outside-links.ts'
import { findChromium } from '../../script/chromium.ts'
import { PAGES } from '../shown-commands.ts'
import { SITE, build, serve } from './built.ts'
import { PHONE, type Visit, visit } from './visit.ts'

const BACKGROUND = 'getComputedStyle(document.body).backgroundColor'

const program = findChromium()
let folder: string
let pages: string[]

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-site-'))
  pages = await build(folder)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('every page of docs/ is on the site', () => {
  const docs = PAGES.filter((page) => page.startsWith('docs/'))
  expect(docs.length).toBeGreaterThan(60)
  expect(pages).toEqual(docs.map((page) => page.slice('docs/'.length).replace(/\.md$/, '.html')).toSorted())
})

test('a page without scripts has its text, and links that name files', async () => {
  const text = await readFile(path.join(folder, 'runbooks/quorum-lost.html'), 'utf8')
  expect(text).toMatch(/<h1 id="[^"]*lost-quorum/)
  expect(text).toContain('href="/some/path/runbooks/member-lost.html"')
})

test.each([
  ['https://example.org/o/quorate', '<a href="https://example.org/o/quorate/blob/main/test/x.test.ts"'],
  [undefined, 'See <code>x</code>, <a href="./other.html">'],
])('with the repository at %s a link to a file outside docs/ becomes %s', async (repository, expected) => {
  const markdown = await createMarkdownRenderer(folder)
  const env = { path: path.join(folder, 'guides/page.md'), relativePath: 'guides/page.md', cleanUrls: false }
  const tokens = markdown.parse('See [`x`](../../test/x.test.ts), [other](other.md).', env)
  rewriteOutsideLinks(tokens, env.relativePath, repository)
  expect(markdown.renderer.render(tokens, markdown.options, env)).toContain(expected)
})

describe.skipIf(program === undefined)('in Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  const visits = new Map<string, Visit>()

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program ?? '' })
    context = await browser.newContext({ colorScheme: 'light' })
    await serve(context, folder)
    for (const name of pages) visits.set(name, await visit(context, SITE, name))
  })

  afterAll(async () => {
    await browser.close()
  })

  /** The findings of each page that has any. */
  function found(what: (visit: Visit, name: string) => readonly string[]): Record<string, readonly string[]> {
    const all = [...visits].map(([name, one]) => [name, what(one, name)] as const)
    return Object.fromEntries(all.filter(([, list]) => list.length > 0))
  }

  test('no page says an error', () => {
    expect(visits.size).toBe(pages.length)
    expect(found(({ errors }) => errors)).toEqual({})
  })

  test('no page asks for anything outside the site', () => {
    expect(found(({ requests }) => requests)).toEqual({})
  })

  test('every link inside the site leads to a page, and to an anchor that is there', () => {
    const all = [...visits.values()].flatMap(({ links }) => links).filter((link) => link.startsWith(SITE))
    expect(all.filter((link) => link.includes('#')).length).toBeGreaterThan(500)
    expect(found(({ links }) => links.filter(isDead))).toEqual({})
  })

  test("no link leads outside the site's path on its host", () => {
    const { origin } = new URL(SITE)
    const strays = (link: string) => link.startsWith(origin) && !link.startsWith(SITE)
    expect(found(({ links }) => links.filter(strays))).toEqual({})
  })

  test('on a phone no page scrolls sideways: wide tables and blocks of code do so by themselves', () => {
    expect(found(({ wide }) => wide)).toEqual({})
    const boxes = [...visits.values()].reduce((sum, { scrolling }) => sum + scrolling, 0)
    expect(boxes).toBeGreaterThan(100)
  })

  test('dark mode is switched on, and stays on', async () => {
    const page = await opened('index.html')
    const background = async () => await page.evaluate<string>(BACKGROUND)
    const light = await background()
    await page.click('.VPNavBarAppearance button')
    const dark = await background()
    expect([light, dark]).toEqual(['rgb(255, 255, 255)', 'rgb(27, 27, 31)'])
    await page.reload()
    expect(await background()).toBe(dark)
    await page.close()
  })

  test('the search finds a page, and leads to it', async () => {
    const page = await opened('index.html')
    await page.click('.DocSearch-Button')
    await page.fill('.search-input', 'quorum lost')
    await page.waitForSelector('.results .result')
    await page.click('.results .result[href*="runbooks/quorum-lost.html"] >> nth=0')
    await page.waitForSelector('h1:has-text("lost quorum")')
    expect(page.url()).toMatch(/\/runbooks\/quorum-lost\.html/)
    await page.close()
  })

  test('on a phone the menu leads to every group of pages', async () => {
    const page = await opened('guides/backup.html')
    await page.setViewportSize(PHONE)
    await page.click('.VPLocalNav .menu')
    await page.waitForSelector('.VPSidebar.open')
    const groups = await page.locator('.VPSidebar h2').allTextContents()
    expect(groups).toContain('Runbooks')
    await page.click('.VPSidebar a:has-text("Sign backups")')
    await page.waitForURL(/\/guides\/backup-signing\.html/)
    await page.close()
  })

  async function opened(name: string): Promise<Page> {
    const page = await context.newPage()
    await page.goto(new URL(name, SITE).href)
    return page
  }

  function isDead(link: string): boolean {
    if (!link.startsWith(SITE)) return false
    const [file = '', anchor = ''] = link.slice(SITE.length).split('#')
    const target = visits.get(file === '' || file.endsWith('/') ? `${file}index.html` : file)
    return target === undefined || (anchor !== '' && !target.anchors.includes(decodeURIComponent(anchor)))
  }
})
