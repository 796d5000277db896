import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimFile, withLock } from './lock.ts'
import { isRunning, thisProcess } from '../files/process-identity.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lock-test-'))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

const gone = { pid: 1, startTime: '1', bootId: 'another boot' }

test('a process is itself, but not another with its number', async () => {
  const self = await thisProcess()
  expect(await isRunning(self)).toBe(true)
  expect(await isRunning({ ...self, startTime: `${Number(self.startTime) + 1}` })).toBe(false)
  expect(await isRunning({ ...self, bootId: 'another boot' })).toBe(false)
})

test('of many at once, one gets the file; the others learn which', async () => {
  const owner = await thisProcess()
  const notes = Array.from({ length: 20 }, (_, index) => `${index}`)
  const file = path.join(folder, 'claim')
  const inTheWay = await Promise.all(notes.map((note) => claimFile(file, { owner, note }, async () => false)))
  expect(inTheWay.filter((other) => other === undefined)).toHaveLength(1)
  const winner = notes[inTheWay.indexOf(undefined)]
  expect(new Set(inTheWay.flatMap((other) => other?.note ?? []))).toEqual(new Set([winner]))
  expect(await readdir(folder)).toEqual(['claim'])
})

test('a claim of an ended process is taken over, by one of many', async () => {
  const file = path.join(folder, 'claim')
  await claimFile(file, { owner: gone, note: 'old' }, async () => false)
  const owner = await thisProcess()
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      claimFile(file, { owner, note: `${index}` }, async (other) => !(await isRunning(other.owner))),
    ),
  )
  expect(results.filter((other) => other === undefined)).toHaveLength(1)
  expect(await readdir(folder)).toEqual(['claim'])
})

test.each(['', '{', 'null', '{"owner":{"pid":"1"},"note":"x"}', '\0'.repeat(9)])(
  'a claim that names nobody is of nobody: %j',
  async (text) => {
    const file = path.join(folder, 'lock')
    await writeFile(file, text)
    expect(await withLock(file, { waitMs: 0 }, async () => 'done')).toBe('done')
    expect(await readdir(folder)).toEqual([])
  },
)

test('work under a lock does not overlap, and the lock is free afterwards, even after a failure', async () => {
  const file = path.join(folder, 'lock')
  let inside = 0
  let most = 0
  const work = async () => {
    inside++
    most = Math.max(most, inside)
    await new Promise((resolve) => setTimeout(resolve, 5))
    inside--
  }
  await Promise.all(Array.from({ length: 4 }, () => withLock(file, { waitMs: 10_000 }, work)))
  expect(most).toBe(1)
  const failing = withLock(file, { waitMs: 0 }, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(await readdir(folder)).toEqual([])
})

test('a lock that stays held is an error that names the holder', async () => {
  const file = path.join(folder, 'lock')
  const refused = withLock(file, { waitMs: 0 }, () => withLock(file, { waitMs: 0 }, async () => undefined))
  await expect(refused).rejects.toFail('locked/another-run-holds-the-lab', {
    says: ` ${process.pid} `,
  })
})
