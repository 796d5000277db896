/** The documentation's site, built and served as by any web server: files, under a path, without a fallback. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { BrowserContext } from 'playwright-core'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** As on a host with other sites. */
const BASE = '/some/path/'

export const SITE = `http://docs.example${BASE}`

/** @returns the paths of the site's pages, from its root: `guides/backup.html` */
export async function build(folder: string): Promise<string[]> {
  const program = path.join(ROOT, 'node_modules/vitepress/bin/vitepress.js')
  const args = [program, 'build', 'docs', '--base', BASE, '--outDir', folder]
  await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  const files = await readdir(folder, { recursive: true })
  return files.filter((file) => file.endsWith('.html') && file !== '404.html').toSorted()
}

/**
 * Answers all requests of the browser without a network. The lab's machines come and go at the same time, so Chromium
 * would see the host's networks change, and abort its requests.
 */
export async function serve(context: BrowserContext, folder: string): Promise<void> {
  await context.route('**', async (route) => {
    const file = fileAt(folder, route.request().url())
    await route.fulfill(file === undefined ? { status: 404 } : { path: file })
  })
}

function fileAt(folder: string, address: string): string | undefined {
  if (!address.startsWith(SITE)) return undefined
  const { pathname } = new URL(address)
  const name = decodeURIComponent(pathname.slice(BASE.length))
  const file = path.join(folder, name === '' || name.endsWith('/') ? `${name}index.html` : name)
  return existsSync(file) ? file : undefined
}
