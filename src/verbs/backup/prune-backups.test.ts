import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleName, provenFileName, sideFileName } from '../../backup/names.ts'
import { signProven } from '../../backup/proven.ts'
import { PROVEN, bundleFixture } from '../../backup/stored.fixture.ts'
import { QuorateError } from '../../errors.ts'
import { testSigner } from '../../signing/testing.ts'
import { openDirectoryStore } from '../../store/directory.ts'
import { pruneBackups } from './prune-backups.ts'

const NOW = new Date('2026-11-22T12:30:00Z')
const KEEP = { hourly: 2, daily: 0, weekly: 0, monthly: 0 }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-prune-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function taken(
  cluster: string,
  hour: number,
  ...beside: ((name: string) => string)[]
): Promise<string> {
  const name = bundleName(cluster, new Date(Date.UTC(2026, 10, 22, hour)), BigInt(hour), true)
  for (const file of [name, ...beside.map((other) => other(name))]) {
    await writeFile(path.join(folder, file), file === provenFileName(name) ? JSON.stringify(PROVEN) : '{}', {
      mode: 0o600,
    })
  }
  return name
}

test("outdated backups are removed with their side files; other clusters' and other files stay", async () => {
  const kept = [await taken('prod', 12, sideFileName), await taken('prod', 11, sideFileName)]
  const proven = await taken('prod', 5, sideFileName, provenFileName)
  const old = [await taken('prod', 4, sideFileName, provenFileName), await taken('prod', 6)]
  const others = [await taken('production', 1), await taken('dev', 1)]
  await writeFile(path.join(folder, 'README'), 'not ours')

  using store = await openDirectoryStore(folder)
  const report = await pruneBackups(store, { cluster: 'prod', keep: KEEP, now: NOW })
  expect(report.removed.map(({ name }) => name)).toEqual(old)
  expect(report.kept.map(({ backup, reasons }) => [backup.name, ...reasons])).toEqual([
    [kept[0], 'newest', 'hourly'],
    [kept[1], 'hourly'],
    [proven, 'proven'],
  ])
  const left = [...kept.flatMap((name) => [name, sideFileName(name)]), proven, sideFileName(proven)]
  expect((await readdir(folder)).toSorted()).toEqual(
    [...left, provenFileName(proven), ...others, 'README'].toSorted(),
  )
  expect((await pruneBackups(store, { cluster: 'prod', keep: KEEP, now: NOW })).removed).toEqual([])
})

test('one that was replaced since its test restore does not count as restore-tested', async () => {
  const proven = await taken('prod', 3, provenFileName)
  const exchanged = await taken('prod', 5, provenFileName)
  const { side } = await bundleFixture({ kind: 'plaintext' })
  await writeFile(path.join(folder, sideFileName(exchanged)), JSON.stringify(side))
  const newest = await taken('prod', 12)

  using store = await openDirectoryStore(folder)
  const report = await pruneBackups(store, { cluster: 'prod', keep: { ...KEEP, hourly: 1 }, now: NOW })
  expect(report.removed.map(({ name }) => name)).toEqual([exchanged])
  expect(report.kept.map(({ backup }) => backup.name)).toEqual([newest, proven])
})

test('write access to the backup location is not enough to have a restore-tested backup removed', async () => {
  const operator = await testSigner(folder, 'operator@prod')
  const trust = { signers: { text: operator.line, file: 'allowed_signers' }, folder }
  const [proven, claimed, newest] = [await taken('prod', 3), await taken('prod', 5), await taken('prod', 12)]
  const [signed, stolen] = [await signProven(PROVEN, proven, operator), { ...PROVEN }]
  await writeFile(path.join(folder, sideFileName(proven)), '{}')
  await writeFile(path.join(folder, provenFileName(proven)), JSON.stringify(signed))
  for (const forged of [stolen, signed]) {
    await writeFile(path.join(folder, provenFileName(claimed)), JSON.stringify(forged))
    using store = await openDirectoryStore(folder)
    const keep = { ...KEEP, hourly: 1 }
    const report = await pruneBackups(store, { cluster: 'prod', keep, trust, now: NOW })
    expect(report.kept.map(({ backup, reasons }) => [backup.name, ...reasons])).toEqual([
      [newest, 'newest', 'hourly'],
      [claimed, 'proven'],
      [proven, 'proven'],
    ])
  }
})

test('a side file that says something else takes nothing from a record that an operator signed', async () => {
  const operator = await testSigner(folder, 'operator@prod')
  const trust = { signers: { text: operator.line, file: 'allowed_signers' }, folder }
  const [proven, newest] = [await taken('prod', 3), await taken('prod', 12)]
  const { side } = await bundleFixture({ kind: 'plaintext' })
  await writeFile(
    path.join(folder, provenFileName(proven)),
    JSON.stringify(await signProven(PROVEN, proven, operator)),
  )
  await writeFile(
    path.join(folder, sideFileName(proven)),
    JSON.stringify({ ...side, bundle: { ...side.bundle, sha256: 'ab'.repeat(32) } }),
  )
  using store = await openDirectoryStore(folder)
  const report = await pruneBackups(store, { cluster: 'prod', keep: { ...KEEP, hourly: 1 }, trust, now: NOW })
  expect(report.kept.map(({ backup }) => backup.name)).toEqual([newest, proven])
})

test('one that the backup location keeps is reported, and does not prevent the removal of others', async () => {
  const [stuck, other] = [await taken('prod', 3), await taken('prod', 4)]
  await taken('prod', 12)
  using real = await openDirectoryStore(folder)
  const store = {
    ...real,
    remove: async (name: string) => {
      if (name === stuck) throw new QuorateError('store', 'it is locked until 2027')
      await real.remove(name)
    },
  }
  const report = await pruneBackups(store, { cluster: 'prod', keep: { ...KEEP, hourly: 1 }, now: NOW })
  expect(report.failed).toMatchObject([{ backup: { name: stuck }, problem: 'it is locked until 2027' }])
  expect(report.removed.map(({ name }) => name)).toEqual([other])
})
