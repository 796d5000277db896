import { mkdir, mkdtempDisposable, open, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { renderError } from './render-error.ts'
import { systemTrouble } from './system-trouble.ts'

const refusal = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => undefined,
    (error: unknown) => error,
  )

test('what the file system refuses names the path and what to do', async () => {
  await using temporary = await mkdtempDisposable(path.join(tmpdir(), 'quorate-trouble-'))
  const folder = temporary.path
  const file = path.join(folder, 'file')
  await writeFile(file, '')
  const below = systemTrouble(await refusal(mkdir(path.join(file, 'x'), { recursive: true })))
  expect(below).toMatchObject({ code: 'state', message: expect.stringContaining(file) })
  const missing = systemTrouble(await refusal(open(path.join(folder, 'no', 'plan'), 'wx')))
  expect(missing?.message).toContain(`${path.join(folder, 'no', 'plan')} is missing, or can't be created`)
  const taken = systemTrouble(await refusal(mkdir(file, { recursive: true })))
  expect(taken).toMatchObject({ code: 'state', message: expect.stringContaining(file) })
})

test('rights are a matter of permission, with its exit code and no stack', () => {
  const error = Object.assign(new Error("EACCES: permission denied, open '/x/ca.crt'"), {
    code: 'EACCES',
    syscall: 'open',
    path: '/x/ca.crt',
  })
  let shown = ''
  const plain = { red: String, bold: String, cyan: String } as never
  const context = { json: false, verbose: false, colors: plain, out: () => undefined }
  expect(renderError({ ...context, err: (text) => void (shown += text) }, error)).toBe(77)
  expect(shown).toContain(' /x/ca.crt')
  expect(shown).not.toMatch(/bug|\n +at /)
})

test('everything else stays a bug', async () => {
  expect(systemTrouble(new TypeError('x is undefined'))).toBeUndefined()
  expect(systemTrouble(await refusal(readFile(Buffer.from('a\0b'))))).toBeUndefined()
  expect(systemTrouble('text')).toBeUndefined()
})
