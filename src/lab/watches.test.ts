import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { allowWatches } from './watches.ts'

let folder: string
let said: string[]
const emit = ({ text }: { text: string }) => void said.push(text)
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'watches-'))
  said = []
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

test('a limit that is too low is raised, and that is said', async () => {
  const limit = path.join(folder, 'limit')
  await writeFile(limit, '128\n')
  await allowWatches(emit, limit)
  expect(await readFile(limit, 'utf8')).toBe('1024\n')
  expect(said).toEqual([expect.stringContaining('from 128 to 1024')])
})

test.each(['1024\n', '8192\n'])('a limit of %j stays', async (text) => {
  const limit = path.join(folder, 'limit')
  await writeFile(limit, text)
  await allowWatches(emit, limit)
  expect(await readFile(limit, 'utf8')).toBe(text)
  expect(said).toEqual([])
})

test('a kernel that does not say is left alone', async () => {
  await allowWatches(emit, path.join(folder, 'none'))
  expect(said).toEqual([])
})

test("a limit that can't be written: the command is named", async () => {
  await mkdir(path.join(folder, 'sys'))
  const limit = path.join(folder, 'sys/limit')
  await symlink('/proc/sys/kernel/random/entropy_avail', limit)
  await allowWatches(emit, limit)
  expect(said).toEqual([expect.stringContaining('sysctl -w fs.inotify.max_user_instances=1024')])
})
