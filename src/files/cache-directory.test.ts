import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cacheDirectory, compileCacheDirectory } from './cache-directory.ts'

let folder: string
beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'quorate-cache-')))
})
afterEach(async () => await rm(folder, { recursive: true }))

test('the cache follows XDG, and ignores a relative XDG_CACHE_HOME as the specification asks', () => {
  const [HOME, cache] = [path.join(folder, 'ada'), path.join(folder, 'cache')]
  expect(cacheDirectory({ HOME, XDG_CACHE_HOME: cache })).toBe(path.join(cache, 'quorate'))
  expect(cacheDirectory({ HOME, XDG_CACHE_HOME: 'cache' })).toBe(path.join(HOME, '.cache', 'quorate'))
  expect(cacheDirectory({ HOME })).toBe(path.join(HOME, '.cache', 'quorate'))
  expect(compileCacheDirectory({ HOME })).toBe(path.join(HOME, '.cache', 'quorate', 'compiled'))
})

test('where the environment names a place of others, it is in the home directory of who runs this', async () => {
  const open = path.join(folder, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  const home = () => path.join(folder, 'home')
  expect(cacheDirectory({ HOME: open }, home)).toBe(path.join(folder, 'home', '.cache', 'quorate'))
  expect(cacheDirectory({ HOME: folder, XDG_CACHE_HOME: open }, home)).toBe(
    path.join(folder, 'home', '.cache', 'quorate'),
  )
})

test('without a safe directory, neither programs nor compiled code are kept', async () => {
  await chmod(folder, 0o777)
  const refused = () => cacheDirectory({ HOME: folder }, () => folder)
  expect(refused).toFail('permission/no-safe-directory', { says: folder, fix: 'XDG_CACHE_HOME' })
  expect(compileCacheDirectory({ HOME: folder }, () => folder)).toBeUndefined()
})
