import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { MOST_FILES, MOST_TEXT_BYTES, requireFew, shortText } from './bounds.ts'
import { openDirectoryStore } from './directory.ts'

test('a text without an end is not read to it', async () => {
  let sent = 0
  const endless = (async function* () {
    for (;;) {
      sent += 65_536
      yield await Promise.resolve(new Uint8Array(65_536))
    }
  })()
  await expect(shortText(endless, 's3://backups', 'x.json')).rejects.toMatchObject({ code: 'store' })
  expect(sent).toBeLessThanOrEqual(MOST_TEXT_BYTES + 65_536)
})

test('more files than any store of backups has are refused, as are pages without an end', () => {
  expect(() => requireFew('s3://backups', MOST_FILES, 100)).not.toThrow()
  expect(() => requireFew('s3://backups', MOST_FILES + 1)).toThrow('more than 100000 files')
  expect(() => requireFew('s3://backups', 0, 1_001)).toThrow('more than 100000 files')
})

test('a huge file next to a backup in a directory is not read', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-bounds-'))
  const name = 'prod-20260730T101112Z-r1.bundle.json'
  await writeFile(path.join(folder, name), '')
  await truncate(path.join(folder, name), 10 * MOST_TEXT_BYTES)
  using store = await openDirectoryStore(folder)
  await expect(store.read(name)).rejects.toMatchObject({ code: 'store' })
  await rm(folder, { recursive: true })
})
