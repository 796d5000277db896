import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSnapshot } from './source.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-source-'))
})
afterEach(async () => await rm(folder, { recursive: true }))

async function open(snapshot: string): Promise<unknown> {
  return await openSnapshot({
    snapshot,
    store: undefined,
    secret: async () => ({ kind: 'passphrase', passphrase: '' }),
    signers: { text: undefined, file: 'allowed_signers' },
    workDirectory: folder,
    environment: {},
    signal: new AbortController().signal,
  })
}

test("a path that is not a file can't be restored from, and the error says so", async () => {
  const pipe = path.join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  await expect(open(folder)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(`${folder}: `),
    cause: { code: 'EISDIR' },
  })
  await expect(open(pipe)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(`${pipe} `),
  })
  await expect(open('/dev/zero')).rejects.toMatchObject({ code: 'usage' })
  expect(await readdir(folder)).toEqual(['pipe'])
})
