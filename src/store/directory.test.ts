import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDirectoryStore } from './directory.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-store-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function* breaksOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half')
  throw new Error('the source ended')
}

async function* inOneMemory(): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(700_000)
  for (const letter of 'abcd') yield shared.fill(letter)
}

async function textOf(data: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of data) all.push(piece)
  return Buffer.concat(all).toString()
}

test('what is put is there, private, and can be read, listed and removed', async () => {
  const below = path.join(folder, 'new')
  using store = await openDirectoryStore(below)
  expect(await store.put('a.bundle', pieces('one ', 'two'))).toEqual({ sizeBytes: 7 })
  await store.write('a.bundle.json', 'first')
  await store.write('a.bundle.json', 'second')
  expect(await textOf(await store.get('a.bundle'))).toBe('one two')
  expect(await store.read('a.bundle.json')).toBe('second')
  expect(await store.read('b.json')).toBeUndefined()
  expect((await stat(below)).mode & 0o777).toBe(0o700)
  expect((await stat(path.join(below, 'a.bundle'))).mode & 0o777).toBe(0o600)
  expect((await store.list()).map(({ name, sizeBytes }) => ({ name, sizeBytes }))).toEqual([
    { name: 'a.bundle', sizeBytes: 7 },
    { name: 'a.bundle.json', sizeBytes: 6 },
  ])
  await store.remove('a.bundle')
  expect((await store.list()).map(({ name }) => name)).toEqual(['a.bundle.json'])
})

test('pieces may share their memory', async () => {
  using store = await openDirectoryStore(folder)
  await store.put('a.bundle', inOneMemory())
  const wanted = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(700_000)).join('')
  expect((await textOf(await store.get('a.bundle'))) === wanted).toBe(true)
})

test('what is there is never replaced', async () => {
  using store = await openDirectoryStore(folder)
  await store.put('a', pieces('first'))
  await expect(store.put('a', pieces('second'))).rejects.toMatchObject({ code: 'store' })
  expect(await readFile(path.join(folder, 'a'), 'utf8')).toBe('first')
  expect(await readdir(folder)).toEqual(['a'])
})

test('what breaks off leaves nothing, and its reason is passed on', async () => {
  using store = await openDirectoryStore(folder)
  await expect(store.put('a', breaksOff())).rejects.toThrow('the source ended')
  const stop = AbortSignal.abort(new Error('stopped'))
  await expect(store.put('a', pieces('x'), { signal: stop })).rejects.toThrow('stopped')
  expect(await readdir(folder)).toEqual([])
})

test('where there is no room it is refused beforehand, with numbers', async () => {
  using store = await openDirectoryStore(folder)
  await expect(store.put('a', pieces('x'), { expectedBytes: 2 ** 60 })).rejects.toFail('store/no-room', {
    says: [folder, /: [\d.]+ [KMGT]iB \D*, \d+ TiB /],
  })
  expect(await readdir(folder)).toEqual([])
})

test('parts of runs that died go; those of runs that live, and other hidden files, stay', async () => {
  const [mine, dead] = [process.pid, 2 ** 22 + 1].map((pid) => `.a.${pid}-0123456789ab.part`)
  for (const name of [mine ?? '', dead ?? '', '.hidden'])
    await writeFile(path.join(folder, name), '', { mode: 0o600 })
  using store = await openDirectoryStore(folder)
  expect(new Set(await readdir(folder))).toEqual(new Set([mine, '.hidden']))
  expect(await store.list()).toEqual([])
})

test('a partial file belongs to its writer, however old a clock that jumped makes it look; a later process with that number has none', async () => {
  let seen: string | undefined
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one ')
    const [part = ''] = await readdir(folder)
    await utimes(path.join(folder, part), 1, 1)
    const other = part.replace(/-\d+-/, '-1-')
    await writeFile(path.join(folder, other), '', { mode: 0o600 })
    using _ = await openDirectoryStore(folder)
    seen = part
    expect(await readdir(folder)).toEqual([part])
    yield Buffer.from('two')
  }
  using store = await openDirectoryStore(folder)
  await store.put('a', slow())
  expect(seen).toMatch(new RegExp(`^\\.a\\.${process.pid}-\\d+-[0-9a-f]{12}\\.part$`))
  expect(await readFile(path.join(folder, 'a'), 'utf8')).toBe('one two')
})

test('world-writable directories, files, and names that lead elsewhere are refused', async () => {
  const open = path.join(folder, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  await expect(openDirectoryStore(open)).rejects.toFail('store/others-can-replace-backups', {
    says: open,
    fix: `chmod go-w ${open}`,
  })
  await writeFile(path.join(folder, 'file'), '')
  await expect(openDirectoryStore(path.join(folder, 'file'))).rejects.toFail('store/not-a-directory', {
    says: 'file',
  })
  await expect(openDirectoryStore(path.join(folder, 'no', 'such'))).rejects.toFail('store', {
    says: [path.join(folder, 'no', 'such'), 'ENOENT'],
    fix: '--store',
  })
  using store = await openDirectoryStore(folder)
  for (const name of ['../x', '.x', 'a/b', ''])
    await expect(store.put(name, pieces('x'))).rejects.toMatchObject({ code: 'store' })
  await expect(store.get('none')).rejects.toFail('store/no-such-file', { says: ['none', folder] })
})
