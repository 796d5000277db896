import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { requireRoom } from '../etcd/room.ts'
import { draftBeside } from '../files/temporary.ts'
import { workFolder } from './work-folder.ts'

test('private, and removed at the end; remains of dead runs are removed, those of running ones and of others stay', async () => {
  const parent = await mkdtemp(path.join(os.tmpdir(), 'quorate-work-'))
  const others = [`.backup-${process.pid}-abcdef`, '.backup-notes', 'ca']
  try {
    for (const name of others) await mkdir(path.join(parent, name))
    const dead = path
      .basename(await draftBeside(path.join(parent, 'backup')))
      .replace(/\.\d+-/, `.${2 ** 22 + 1}-`)
    await mkdir(path.join(parent, dead))
    // From a version before marks: its process is unknown.
    const earlier = path.join(parent, '.backup-123-abcdef')
    await mkdir(earlier)
    await utimes(earlier, 0, 0)
    {
      await using folder = await workFolder(parent)
      expect((await stat(folder.path)).mode & 0o777).toBe(0o700)
      expect(new Set(await readdir(parent))).toEqual(new Set([...others, path.basename(folder.path)]))
      await expect(requireRoom(folder.path, 2 ** 60, 'to work')).rejects.toFail('state/no-space', {
        says: [folder.path, /: [\d.]+ [KMGT]iB \w+, \d+ TiB /],
      })
    }
    expect(new Set(await readdir(parent))).toEqual(new Set(others))
  } finally {
    await rm(parent, { recursive: true })
  }
})
