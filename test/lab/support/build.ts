/** The built quorate, for tests that run it like users: built once before them, if a source is newer. */
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { withLock } from '../../../src/lab/lock.ts'
import { tool } from '../../../src/lab/tool.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')

/** Does nothing if `QUORATE_CLI` names another build. */
export async function buildIfOld(): Promise<void> {
  if (process.env['QUORATE_CLI'] !== undefined) return
  await withLock(path.join(ROOT, 'node_modules', '.quorate-build.lock'), { waitMs: 60_000 }, async () => {
    const built = await modified(path.join(ROOT, 'dist', '.built'))
    if ((await newest(path.join(ROOT, 'src'))) <= built) return
    await tool([process.execPath, path.join(ROOT, 'script', 'build.mjs')])
  })
}

/** In milliseconds since 1970; 0 if it doesn't exist. */
async function modified(file: string): Promise<number> {
  return (await stat(file, { bigint: false }).catch(() => undefined))?.mtimeMs ?? 0
}

async function newest(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true })
  const sources = files.filter((file) => !file.endsWith('.test.ts'))
  const times = await Promise.all(sources.map(async (file) => await modified(path.join(folder, file))))
  return Math.max(...times)
}
