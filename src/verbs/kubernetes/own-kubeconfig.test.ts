import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { firstLine, requireOurs, writeOurs } from './own-kubeconfig.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorate-kubeconfig-'))
  file = path.join(folder, 'anna.conf')
})
afterEach(() => rmSync(folder, { recursive: true }))

const text = (more: string) => `${firstLine('prod')}\n${more}\n`

test("written privately, and replaced only if it is quorate's", async () => {
  await writeOurs(file, 'prod', text('one'))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await writeOurs(file, 'prod', text('two'))
  expect(readFileSync(file, 'utf8')).toBe(text('two'))
  await expect(writeOurs(file, 'other', text('three'))).rejects.toMatchObject({ code: 'state' })
  expect(readFileSync(file, 'utf8')).toBe(text('two'))
})

test.each<[string, () => void, RegExp]>([
  ['another file', () => writeFileSync(file, 'apiVersion: v1\n'), /quorate did not write it/],
  ['an empty file', () => writeFileSync(file, ''), /quorate did not write it/],
  [
    'a line that only begins like ours',
    () => writeFileSync(file, `${firstLine('prod')} x\n`),
    /quorate did not write it/,
  ],
  [
    'a link to a file of ours',
    () => {
      writeFileSync(path.join(folder, 'real'), text('x'))
      symlinkSync('real', file)
    },
    /is not a regular file/,
  ],
  ['a link to nothing', () => symlinkSync('none', file), /is not a regular file/],
  ['a pipe', () => execFileSync('mkfifo', [file]), /is not a regular file/],
  ['a directory', () => execFileSync('mkdir', [file]), /is not a regular file/],
])('refused: %s', async (_what, make, message) => {
  make()
  await expect(requireOurs(file, 'prod')).rejects.toThrow(message)
  await expect(writeOurs(file, 'prod', text('x'))).rejects.toThrow(message)
})
