/** Makes a program in one file and runs it, as on a node without Node.js. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UNFIT, injectBlob } from './inject.ts'
import { type Standalone, standalone } from './make.ts'

let folder: string
let program: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-standalone-'))
  program = path.join(folder, 'program.cjs')
  await writeFile(program, "console.log('hello', ...process.argv.slice(2)); process.exitCode = 7")
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function make(node?: string, now = () => new Date()): Promise<Standalone> {
  const cacheDirectory = path.join(folder, 'cache')
  return await standalone({ cacheDirectory, node, program, now, signal: new AbortController().signal })
}

test.skipIf(process.platform !== 'linux')(
  'one file runs by itself, is made once, and again where it was damaged or the program changed',
  async () => {
    const first = await make()
    const words = ['--not-for-node', 'a b']
    const ran = promisify(execFile)(first.file, words, { cwd: '/', env: {} })
    await expect(ran).rejects.toMatchObject({ code: 7, stdout: 'hello --not-for-node a b\n', stderr: '' })

    expect(await make()).toEqual(first)
    await appendFile(first.file, 'x')
    expect(await make()).toEqual(first)
    expect((await readFile(first.file)).length).toBe(first.sizeBytes)

    await writeFile(program, 'process.exitCode = 0')
    const second = await make()
    expect(second.sha256).not.toBe(first.sha256)
    expect((await promisify(execFile)(second.file, [])).stdout).toBe('')
    await expect(make(second.file)).rejects.toThrow(UNFIT.taken)

    // A file that another run may be sending stays; a day later it is removed when another is made.
    expect(existsSync(first.file)).toBe(true)
    await writeFile(program, 'process.exitCode = 1')
    const third = await make(undefined, () => new Date(Date.now() + 86_400_000))
    expect([first, second, third].map(({ file }) => existsSync(file))).toEqual([false, false, true])
  },
)

test('a file that is not a Node.js binary is refused, with the fix', async () => {
  const wrapper = path.join(folder, 'node')
  await writeFile(wrapper, '#!/bin/sh\nexec node "$@"\n')
  await expect(make(wrapper)).rejects.toMatchObject({
    code: 'artifact',
    message: expect.stringContaining(UNFIT.kind),
    hint: expect.stringContaining('nodejs.org'),
  })
  const shared = Buffer.from(`\x7fELF\x02\x01${'\0'.repeat(100)}`, 'latin1')
  expect(() => injectBlob(shared, Buffer.from('blob'))).toThrow(UNFIT.noPlace)
})
