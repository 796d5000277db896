import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeOwnFolder, whyNotOurs, writableByOthers } from './own-folder.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-own-'))
})
afterEach(async () => await rm(folder, { recursive: true }))

test("a directory created below a shared one is safe, and so is the target of the user's own link", async () => {
  await mkdir(path.join(folder, 'real'))
  await symlink('real', path.join(folder, 'link'))
  expect(whyNotOurs(folder)).toBeUndefined()
  expect(whyNotOurs(path.join(folder, 'link'))).toBeUndefined()
  expect(whyNotOurs(path.join(folder, 'link', 'not', 'there'))).toBeUndefined()
})

test('what other users can write to is unsafe, at any depth, unless its sticky bit protects the content', async () => {
  const [open, below] = [path.join(folder, 'open'), path.join(folder, 'open', 'below')]
  await mkdir(below, { recursive: true })
  await chmod(open, 0o777)
  expect(whyNotOurs(below)).toContain(open)
  await chmod(open, 0o1777)
  expect(whyNotOurs(below)).toBeUndefined()
  // Other users can't replace what is in it, but can add files.
  expect(whyNotOurs(open)).toContain(open)
  expect(whyNotOurs(open, { shared: true })).toBeUndefined()
  expect(whyNotOurs(path.join(open, 'missing'))).toContain(path.join(open, 'missing'))
})

test('a link to a directory that other users can write to is unsafe', async () => {
  const open = path.join(folder, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  await symlink(open, path.join(folder, 'link'))
  expect(whyNotOurs(path.join(folder, 'link'))).toContain(open)
})

test('a file is not a safe directory, and links must not form a circle', async () => {
  await writeFile(path.join(folder, 'file'), '')
  await symlink(folder, path.join(folder, 'round'))
  await symlink('b', path.join(folder, 'a'))
  await symlink('a', path.join(folder, 'b'))
  expect(whyNotOurs(path.join(folder, 'file'))).toContain(`${folder}/file `)
  expect(whyNotOurs(path.join(folder, 'a'))).toMatch(/\/a .*loop/)
})

test('a group counts as others unless it is the one that came with the user', () => {
  expect(writableByOthers({ mode: 0o775, uid: 1000, gid: 1000 })).toBe(false)
  expect(writableByOthers({ mode: 0o775, uid: 1000, gid: 100 })).toBe(true)
  expect(writableByOthers({ mode: 0o775, uid: 1000, gid: 100 }, true)).toBe(false)
  expect(writableByOthers({ mode: 0o757, uid: 1000, gid: 1000 }, true)).toBe(true)
})

test("a missing directory is created privately; nothing is created in other users' directories", async () => {
  const made = path.join(folder, 'a', 'b')
  expect(makeOwnFolder(made)).toBeUndefined()
  expect((await stat(path.join(folder, 'a'))).mode & 0o777).toBe(0o700)
  await chmod(folder, 0o777)
  expect(makeOwnFolder(path.join(folder, 'c'))).toContain(folder)
  await expect(stat(path.join(folder, 'c'))).rejects.toThrow('ENOENT')
})
