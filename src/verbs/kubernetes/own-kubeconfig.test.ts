import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ErrorTopic } from '../../error-ids.ts'
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

test.each<[string, () => void, ErrorTopic]>([
  ['another file', () => writeFileSync(file, 'apiVersion: v1\n'), 'state/not-our-file'],
  ['an empty file', () => writeFileSync(file, ''), 'state/not-our-file'],
  [
    'a line that only begins like ours',
    () => writeFileSync(file, `${firstLine('prod')} x\n`),
    'state/not-our-file',
  ],
  [
    'a link to a file of ours',
    () => {
      writeFileSync(path.join(folder, 'real'), text('x'))
      symlinkSync('real', file)
    },
    'state/not-a-regular-file',
  ],
  ['a link to nothing', () => symlinkSync('none', file), 'state/not-a-regular-file'],
  ['a pipe', () => execFileSync('mkfifo', [file]), 'state/not-a-regular-file'],
  ['a directory', () => execFileSync('mkdir', [file]), 'state/not-a-regular-file'],
])('refused: %s', async (_what, make, topic) => {
  make()
  await expect(requireOurs(file, 'prod')).rejects.toFail(topic, { says: file })
  await expect(writeOurs(file, 'prod', text('x'))).rejects.toFail(topic, { says: file })
})
