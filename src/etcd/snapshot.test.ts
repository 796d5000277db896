import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MemberClient } from './client.ts'
import { takeSnapshot } from './snapshot.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-snapshot-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const STORE = Buffer.alloc(2048, 'etcd')
const SUM = createHash('sha256').update(STORE).digest()

/** A member that streams these chunks, then fails if `failure` is set. */
function member(chunks: readonly Uint8Array[], failure?: Error, dbSize = STORE.length): MemberClient {
  return {
    name: 'etcd02',
    // One answer for both requests that come first.
    call: async () => ({ dbSize: BigInt(dbSize), header: { revision: 42n } }) as never,
    stream: async function* () {
      for (const blob of chunks) yield { blob, remainingBytes: 0n } as never
      if (failure) throw failure
    },
    close: () => undefined,
    [Symbol.dispose]: () => undefined,
  }
}

test.each([
  ['in one chunk', [Buffer.concat([STORE, SUM])]],
  ['the sum apart, as etcd sends it', [STORE, SUM]],
  ['the sum split', [STORE, SUM.subarray(0, 7), SUM.subarray(7)]],
  [
    'in small pieces',
    Array.from({ length: 65 }, (_, i) => Buffer.concat([STORE, SUM]).subarray(i * 32, i * 32 + 32)),
  ],
])('%s: whole, private, and alone in its folder', async (_how, chunks) => {
  const file = path.join(folder, 'new', 'a.db')
  const taken = await takeSnapshot(member(chunks), { file })
  expect(taken).toEqual({
    file,
    sizeBytes: STORE.length + 32,
    sha256: SUM.toString('hex'),
    revision: 42n,
    member: 'etcd02',
  })
  expect(await readFile(file)).toEqual(Buffer.concat([STORE, SUM]))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(path.dirname(file))).toEqual(['a.db'])
})

const FLIPPED = Buffer.from(STORE)
FLIPPED[100] = 0

test.each([
  ['a flipped byte', [FLIPPED, SUM]],
  ['no sum', [STORE]],
  ['cut short', [STORE.subarray(0, 1024), SUM]],
  ['nothing at all', []],
])('%s: refused, and nothing is left', async (_what, chunks) => {
  const work = takeSnapshot(member(chunks), { file: path.join(folder, 'a.db') })
  await expect(work).rejects.toMatchObject({ code: 'unhealthy', host: 'etcd02' })
  expect(await readdir(folder)).toEqual([])
})

test('a stream that breaks off leaves nothing, and what was there before stays', async () => {
  const file = path.join(folder, 'a.db')
  await takeSnapshot(member([STORE, SUM]), { file })
  await expect(takeSnapshot(member([STORE], new Error('gone')), { file })).rejects.toThrow('gone')
  expect(await readdir(folder)).toEqual(['a.db'])
  expect((await readFile(file)).length).toBe(STORE.length + 32)
})

test('no room: refused before anything is asked for', async () => {
  const work = takeSnapshot(member([], undefined, 2 ** 50), { file: path.join(folder, 'a.db') })
  await expect(work).rejects.toFail('state/no-space', { says: folder })
  expect(await readdir(folder)).toEqual([])
})
