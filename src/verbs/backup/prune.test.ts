import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PROVEN } from '../../backup/stored.fixture.ts'
import { bundleName, provenFileName, sideFileName } from '../../backup/names.ts'
import { sampleCluster } from '../../etcd/sample.ts'
import { QuorateError } from '../../errors.ts'
import { ETCD_STEPS } from '../../tiers/etcd/steps/kinds.ts'
import { openDirectoryStore } from '../../store/directory.ts'
import type { BackupStore } from '../../store/store.ts'
import { type PrunePreview, pruneStore, requirePruned } from './prune.ts'

let folder: string
let store: BackupStore
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-prune-'))
  store = await openDirectoryStore(folder)
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function taken(hour: number, cluster = 'prod'): Promise<string> {
  const name = bundleName(cluster, new Date(Date.UTC(2026, 10, 22, hour)), BigInt(hour), true)
  for (const file of [name, sideFileName(name)])
    await writeFile(path.join(folder, file), '{}', { mode: 0o600 })
  return name
}

const request = () => ({
  cluster: 'prod',
  keep: { hourly: 1, daily: 0, weekly: 0, monthly: 0 },
  operator: {
    cluster: { ...sampleCluster(), name: 'prod', stateDirectory: folder },
    emit: () => undefined,
    now: () => new Date('2026-11-22T12:30:00Z'),
    steps: ETCD_STEPS,
  },
  signal: new AbortController().signal,
})

async function refuse(): Promise<void> {
  throw new TypeError('asked though nothing goes')
}

test('nothing goes before a yes, and a no leaves all as it was', async () => {
  for (const hour of [3, 4, 12]) await taken(hour)
  const before = await readdir(folder)
  const shown: PrunePreview[] = []
  const confirm = async (preview: PrunePreview) => {
    shown.push(preview)
    throw new QuorateError('declined', 'not confirmed')
  }
  await expect(pruneStore(store, { ...request(), confirm })).rejects.toThrow(/not confirmed/)
  expect(await readdir(folder)).toEqual(before)
  expect(shown[0]?.removable).toHaveLength(2)
})

test('only what was shown goes, and only if nothing came up that speaks for it since', async () => {
  const [older, old, newest] = [await taken(3), await taken(4), await taken(11)]
  let newer = ''
  const confirm = async () => {
    // Another run, while the operator decides: a test restore, and another backup.
    await store.write(provenFileName(old), JSON.stringify(PROVEN))
    newer = await taken(12)
  }
  const { removed, kept } = await pruneStore(store, { ...request(), confirm })
  expect(removed.map(({ name }) => name)).toEqual([older])
  expect(kept.map(({ backup }) => backup.name)).toEqual([newer, old])
  // It could be removed now, but the operator did not approve that.
  expect(await readdir(folder)).toContain(newest)
})

test("side files without a bundle, from an interrupted run, are removed; other files are not quorate's", async () => {
  const [gone, other] = [await taken(3), await taken(3, 'prod-b')]
  await store.write(provenFileName(gone), '{}')
  await taken(12)
  for (const name of [gone, other]) await rm(path.join(folder, name))
  await writeFile(path.join(folder, 'notes.json'), '{}')
  const result = await pruneStore(store, { ...request(), confirm: async () => undefined })
  expect(new Set(result.swept)).toEqual(new Set([sideFileName(gone), provenFileName(gone)]))
  expect(await readdir(folder)).toEqual(expect.arrayContaining([sideFileName(other), 'notes.json']))

  expect(await pruneStore(store, { ...request(), confirm: refuse })).toMatchObject({ removed: [], swept: [] })
})

test('what another run removed first is not an error; what the backup location keeps is reported, with its reason', async () => {
  const [first, locked] = [await taken(3), await taken(4)]
  await taken(12)
  const stubborn: BackupStore = {
    ...store,
    remove: async (name) => {
      if (name === first) await rm(path.join(folder, name))
      if (name === locked) throw new QuorateError('store', 'it is locked until 2027')
      await store.remove(name)
    },
    [Symbol.dispose]: () => undefined,
  }
  const result = await pruneStore(stubborn, { ...request(), confirm: async () => undefined })
  expect(result.failed.map(({ backup }) => backup.name)).toEqual([locked])
  expect(() => requirePruned(result)).toFail('store/files-were-not-deleted', {
    says: [locked, '2027'],
  })
})
