import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { provenFileName, sideFileName } from '../../backup/names.ts'
import { type Proven, signProven } from '../../backup/proven.ts'
import { bundleFixture, inPieces } from '../../backup/stored.fixture.ts'
import { testSigner } from '../../signing/testing.ts'
import { openDirectoryStore } from '../../store/directory.ts'
import type { BackupStore } from '../../store/store.ts'
import { listBackups } from './list-backups.ts'

let folder: string
let keys: string
let store: BackupStore
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-list-'))
  keys = await mkdtemp(path.join(os.tmpdir(), 'quorate-keys-'))
  store = await openDirectoryStore(folder)
})
afterEach(async () => {
  store[Symbol.dispose]()
  for (const one of [folder, keys]) await rm(one, { recursive: true })
})

const NAMES = {
  older: 'prod-20261122T110000Z-r40.bundle',
  newer: 'prod-20261122T120000Z-r41.bundle',
  other: 'prod-b-20261122T130000Z-r9.bundle',
}

test('newest first, with what the side files say; what is wrong with one is said and fails nothing', async () => {
  const { data, side } = await bundleFixture({ kind: 'plaintext' })
  const operator = await testSigner(keys, 'operator@prod')
  const trust = { signers: { text: operator.line, file: 'allowed_signers' }, folder: keys }
  const unsigned: Proven = {
    provenAt: '2026-11-22T12:30:00.000Z',
    by: 'desk',
    etcdVersion: '3.5.16',
    sha256: side.bundle.sha256,
    keys: '5',
    revision: '42',
    hash: '99',
  }
  const proven = await signProven(unsigned, NAMES.newer, operator)
  for (const name of Object.values(NAMES)) await store.put(name, inPieces(data))
  await store.write(sideFileName(NAMES.newer), JSON.stringify(side))
  await store.write(provenFileName(NAMES.newer), JSON.stringify(proven))
  await store.write(sideFileName(NAMES.older), '{"about":')
  await store.write('notes.txt', 'not a backup')

  const listed = await listBackups(store, { cluster: 'prod', trust })
  expect(listed.map(({ name }) => name)).toEqual([NAMES.newer, NAMES.older])
  expect(listed[0]).toMatchObject({ sizeBytes: data.length, side, proven, troubles: [] })
  expect(listed[1]).toMatchObject({
    side: undefined,
    proven: undefined,
    troubles: [expect.stringContaining('side file')],
  })

  const all = await listBackups(store, { cluster: undefined })
  expect(all[0]).toMatchObject({
    name: NAMES.other,
    cluster: 'prod-b',
    troubles: [expect.stringContaining('side file')],
  })

  // Anyone with write access could claim that a backup is restore-tested, or copy another backup's record.
  const elsewhere = await signProven(unsigned, NAMES.older, operator)
  for (const said of [unsigned, { ...proven, keys: '6' }, elsewhere]) {
    await store.write(provenFileName(NAMES.newer), JSON.stringify(said))
    const [claimed] = await listBackups(store, { cluster: 'prod', trust })
    expect(claimed).toMatchObject({
      proven: undefined,
      troubles: [expect.stringContaining('signer')],
    })
  }

  // Another file under the name of the restore-tested one.
  await store.write(provenFileName(NAMES.newer), JSON.stringify({ ...proven, sha256: 'ab' }))
  await store.write(
    sideFileName(NAMES.newer),
    JSON.stringify({ ...side, bundle: { ...side.bundle, sizeBytes: data.length + 1 } }),
  )
  const [changed] = await listBackups(store, { cluster: 'prod' })
  expect(changed?.proven).toBeUndefined()
  expect(changed?.troubles).toEqual([
    expect.stringContaining(String(data.length)),
    expect.stringContaining('test restore'),
  ])
})
