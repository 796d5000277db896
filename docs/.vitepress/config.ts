/** The documentation as a static site, made from the pages in docs/ by `npm run docs`. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type MarkdownEnv, defineConfig } from 'vitepress'
import { groupsOf, navigationOf, sidebarOf } from './navigation.ts'
import { rewriteOutsideLinks } from './outside-links.ts'
import { slug } from './slug.ts'

const DOCS = path.resolve(import.meta.dirname, '..')
const ICON = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><g fill='#3451b2'>
<circle cx='16' cy='7' r='6'/><circle cx='7' cy='23' r='6'/><circle cx='25' cy='23' r='6'/></g></svg>`

const groups = groupsOf(readFileSync(path.join(DOCS, 'index.md'), 'utf8'))
const { description, repository } = JSON.parse(readFileSync(path.join(DOCS, '../package.json'), 'utf8')) as {
  description: string
  repository?: { url: string }
}
const address = repository?.url.replace(/^git\+/, '').replace(/\.git$/, '')

export default defineConfig({
  title: 'quorate',
  description,
  lang: 'en-US',
  // A file for each page, with links that name it: any web server can serve them, under any path (`--base /PATH/`).
  cleanUrls: false,
  outDir: path.join(DOCS, '../dist/site'),
  cacheDir: path.join(DOCS, '../node_modules/.cache/vitepress'),
  // Inside the page: browsers ask for no other icon then.
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  // VitePress asks for browsers of 2020, which the newer esbuild (`overrides` in package.json) no longer compiles everything for.
  // Its other limit is for programs; the index of the search is as large as the pages are long.
  vite: { build: { target: 'es2022', chunkSizeWarningLimit: 2000 } },
  markdown: {
    anchor: { slugify: slug },
    config(markdown) {
      markdown.core.ruler.push('outside-links', ({ tokens, env }) => {
        rewriteOutsideLinks(tokens, (env as MarkdownEnv).relativePath, address)
      })
      // An indented block is code too: with the same frame, and it scrolls by itself.
      const { rules } = markdown.renderer
      rules.code_block = rules.fence
    },
  },
  themeConfig: {
    nav: navigationOf(groups),
    sidebar: sidebarOf(groups),
    outline: { level: [2, 3] },
    // An index of all pages, which the browser searches.
    search: { provider: 'local' },
    externalLinkIcon: true,
    ...(address === undefined
      ? {}
      : {
          socialLinks: [{ icon: 'github' as const, link: address }],
          editLink: { pattern: `${address}/edit/main/docs/:path` },
        }),
  },
})
