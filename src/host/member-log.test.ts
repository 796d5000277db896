/** Reads a member's log with the programs that run on its node, from local files. */
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { entry, log, snapshot, state, v2Entry } from '../etcd/log-file.fixture.ts'
import { runProcess } from '../ssh/process.ts'
import type { Remote } from '../ssh/remote.ts'
import { holdsV2Requests, readMemberLog } from './member-log.ts'

const MIB = 1024 ** 2
const FIRST = '0000000000000000-0000000000000000.wal'
const SECOND = '0000000000000001-0000000000000006.wal'

let folder: string
let places: { dataDirectory: string; walDirectory: string }
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-log-'))
  places = { dataDirectory: path.join(folder, 'data'), walDirectory: path.join(folder, 'wal') }
  await mkdir(places.walDirectory)
  await mkdir(path.join(places.dataDirectory, 'member/snap'), { recursive: true })
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

const here: Remote = {
  host: 'etcd01',
  user: 'root',
  run: async ({ argv: [program = '', ...args], encoding }) => {
    const result = await runProcess(program, args, { encoding })
    return { ...result, host: 'etcd01', durationMs: 0 }
  },
  forward: async () => await Promise.reject(new TypeError('no tunnel')),
  attach: async () => await Promise.reject(new Error('no terminal')),
  close: async () => undefined,
}

const segment = async (name: string, bytes: Uint8Array) =>
  await writeFile(path.join(places.walDirectory, name), bytes)

test('a file that no member has written to is not a log', async () => {
  expect(await readMemberLog(here, places)).toEqual({
    log: undefined,
    unreadable: undefined,
    database: undefined,
  })
})

test.each([
  ['behind no snapshot', [[v2Entry(2n, 4n), entry(2n, 5n)]], true],
  ['in the file before, and there is no snapshot', [[v2Entry(2n, 4n)], [entry(2n, 5n)]], true],
  ['behind the newest snapshot', [[entry(2n, 4n), snapshot(2n, 4n, [9n]), v2Entry(2n, 5n)]], true],
  ['before the newest snapshot', [[v2Entry(2n, 4n), entry(2n, 5n), snapshot(2n, 5n, [9n])]], false],
  [
    'before the one that a newer file begins with',
    [[v2Entry(2n, 4n)], [snapshot(2n, 5n, [9n]), entry(2n, 6n)]],
    false,
  ],
  [
    'behind the snapshot that is noted in a newer file',
    [[entry(2n, 4n), v2Entry(2n, 5n)], [snapshot(2n, 4n, [9n])]],
    true,
  ],
  ['nowhere', [[entry(2n, 4n)]], false],
])('requests of the v2 store are %s', async (_where, files, held) => {
  for (const [index, drafts] of files.entries())
    await segment([FIRST, SECOND][index] ?? '', log(drafts).bytes)
  expect(await holdsV2Requests(here, places, 'any')).toBe(held)
  expect(await holdsV2Requests(here, places, 'clients')).toBe(false)
})

test.each([
  ['behind what a member itself made', [v2Entry(2n, 4n), v2Entry(2n, 5n, 'PUT', '/1/seed')], true],
  ['before it', [v2Entry(2n, 4n, 'DELETE', '/1/seed'), v2Entry(2n, 5n)], true],
  [
    'before a snapshot, and what a member made behind it',
    [v2Entry(2n, 4n, 'QGET', '/1'), snapshot(2n, 4n, [9n]), v2Entry(2n, 5n)],
    false,
  ],
])('requests of clients of the v2 API are %s', async (_where, drafts, held) => {
  await segment(FIRST, log(drafts).bytes)
  expect(await holdsV2Requests(here, places, 'clients')).toBe(held)
  expect(await holdsV2Requests(here, places, 'any')).toBe(true)
})

test('a damaged log is never reported to hold none', async () => {
  const { bytes, end } = log([entry(2n, 4n), entry(2n, 5n)])
  bytes[end - 12] = 0x55
  await segment(FIRST, bytes)
  expect(await holdsV2Requests(here, places, 'clients')).toBeUndefined()
})

test('all of a long log is read, of the zeros behind it only some', async () => {
  const { bytes, end } = log([entry(2n, 4n, 9 * MIB), entry(2n, 5n), state(2n, 4n)], 64 * MIB)
  await segment(FIRST, bytes)
  await writeFile(path.join(places.dataDirectory, 'member/snap/db'), Buffer.alloc(4096))
  const { log: found, database } = await readMemberLog(here, places)
  expect(found).toMatchObject({
    memberId: 'fedcba9876543210',
    clusterId: '4d',
    lastTerm: 2n,
    lastIndex: 5n,
    commit: 4n,
    tail: { file: FIRST, end, sizeBytes: 64 * MIB },
    trouble: undefined,
  })
  expect(database?.sizeBytes).toBe(4096)
})

test('a last write that reaches into the zeros was truncated, and is not damage', async () => {
  const { bytes } = log([state(2n, 3n), entry(2n, 4n, 4 * MIB - 400), entry(2n, 5n, 2 * MIB)], 64 * MIB)
  bytes.fill(0, 4 * MIB)
  await segment(FIRST, bytes)
  const { log: found } = await readMemberLog(here, places)
  expect(found).toMatchObject({ lastIndex: 4n, trouble: { kind: 'torn' } })
})

test('a new file continues the previous one', async () => {
  await segment(FIRST, log([entry(3n, 4n), entry(3n, 5n), state(3n, 5n)]).bytes)
  await segment(SECOND, log([snapshot(2n, 3n, [1n]), state(3n, 5n)]).bytes)
  await segment('1.tmp', Buffer.alloc(1024, 0x55))
  const { log: found } = await readMemberLog(here, places)
  expect(found).toMatchObject({ lastTerm: 3n, lastIndex: 5n, tail: { file: SECOND } })
})

test('a log that was cut off is damaged, and one that says nothing is none', async () => {
  const { bytes, end } = log([entry(2n, 4n), entry(2n, 5n, 600), state(2n, 4n)])
  await segment(FIRST, bytes)
  await truncate(path.join(places.walDirectory, FIRST), end - 200)
  expect((await readMemberLog(here, places)).log).toBeUndefined()
  await segment(FIRST, log([state(2n, 4n), entry(2n, 4n), entry(2n, 5n, 600)]).bytes.subarray(0, 500))
  expect((await readMemberLog(here, places)).log).toMatchObject({
    lastIndex: 4n,
    trouble: { kind: 'damaged' },
  })
})

const OTHER = 'ffffffffffffffff-ffffffffffffffff.wal'

test.each([
  ['a link', async (file: string) => await symlink(path.join(folder, 'elsewhere.wal'), file)],
  ['a pipe', async (file: string) => void (await runProcess('mkfifo', [file]))],
])('%s among its files is none of them: it is neither followed nor waited for', async (_what, make) => {
  const { bytes } = log([entry(2n, 4n), state(2n, 4n)])
  await segment(FIRST, bytes)
  await writeFile(path.join(folder, 'elsewhere.wal'), log([entry(9n, 9n), state(9n, 9n)]).bytes)
  await make(path.join(places.walDirectory, OTHER))
  await make(path.join(places.dataDirectory, 'member/snap/db'))
  const { log: found, database } = await readMemberLog(here, places)
  expect(found).toMatchObject({ lastTerm: 2n, tail: { file: FIRST } })
  expect(database).toBeUndefined()
})

test('a directory that is a link, or below one, is reported and not read', async () => {
  await segment(FIRST, log([entry(2n, 4n), state(2n, 4n)]).bytes)
  await rename(places.walDirectory, `${places.walDirectory}.away`)
  await symlink(`${places.walDirectory}.away`, places.walDirectory)
  const unreadable = expect.stringMatching(new RegExp(`^${places.walDirectory} .*symbolic link`)) as string
  expect(await readMemberLog(here, places)).toMatchObject({ log: undefined, unreadable })
})

test('what became a link or a pipe after it was listed is not followed, and not waited for', async () => {
  await segment(FIRST, log([entry(2n, 4n), state(2n, 4n)]).bytes)
  const file = path.join(places.walDirectory, FIRST)
  const replacing: Remote = {
    ...here,
    run: async (command) => {
      const result = await here.run(command)
      if (!command.argv.includes('log-files')) return result
      await rename(file, path.join(folder, 'elsewhere.wal'))
      await symlink(path.join(folder, 'elsewhere.wal'), file)
      return result
    },
  }
  expect((await readMemberLog(replacing, places)).log).toBeUndefined()
})
