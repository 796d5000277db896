/** What a question that does not get its yes ends with, each with a code of its own. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleName, sideFileName } from '../src/backup/names.ts'
import { EXIT_CODES } from '../src/errors.ts'
import { buildIfOld } from './lab/support/build.ts'
import { talk, typedAt } from './lab/support/terminal.ts'
import { startQuorate } from './lab/support/run.ts'

let folder: string
let clusterFile: string
beforeAll(async () => {
  await buildIfOld()
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-questions-'))
  clusterFile = path.join(folder, 'cluster.yaml')
  await writeFile(
    clusterFile,
    'name: x\nnodes: [ { name: a, address: 198.18.7.11, roles: [etcd] } ]\netcd: { version: "3.5.16" }\n',
  )
  for (const hour of [3, 4]) {
    const name = bundleName('x', new Date(Date.UTC(2020, 10, 22, hour)), BigInt(hour), true)
    for (const file of [name, sideFileName(name)])
      await writeFile(path.join(folder, file), '{}', { mode: 0o600 })
  }
}, 120_000)
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** It asks, and no machine is needed for it. */
const prune = () => ['backup', 'prune', '--store', folder, '--keep', 'hourly=1,daily=0,weekly=0,monthly=0']

test.each([
  ['an answer of no', 'n', 'declined'],
  ['Ctrl-C', '\u0003', 'cancelled'],
] as const)('a question on a terminal: %s has a code of its own', async (_what, line, code) => {
  const before = await readdir(folder)
  const { exitCode, stdout } = await typedAt({ clusterFile }, prune(), { question: 'will be left', line })
  expect({ exitCode, stdout }).toMatchObject({ exitCode: EXIT_CODES[code] })
  expect(await readdir(folder)).toEqual(before)
})

test('what was typed before the question is no answer to it', async () => {
  const before = await readdir(folder)
  const turns = [{ question: 'will be left', line: 'n' }]
  const { exitCode, stdout } = await talk({ clusterFile }, prune(), turns, 'y\ry')
  expect({ exitCode, stdout }).toMatchObject({ exitCode: EXIT_CODES.declined })
  expect(await readdir(folder)).toEqual(before)
})

test.each(['l', 'yum install etcd', 'yy', 'j\u001B[C'])('only y or n is an answer: not %j', async (line) => {
  const before = await readdir(folder)
  const turns = [
    { question: 'will be left', line },
    { question: 'Type y or n', line: 'N' },
  ]
  const { exitCode, stdout } = await talk({ clusterFile }, prune(), turns)
  expect({ exitCode, stdout }).toMatchObject({ exitCode: EXIT_CODES.declined })
  expect(await readdir(folder)).toEqual(before)
})

test('where there is no terminal to ask on, the code and the hint say that a yes is missing', async () => {
  const before = await readdir(folder)
  const { exitCode, stdout } = await startQuorate({ clusterFile }, [...prune(), '--json']).ended
  const { error } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    error: { code: string; hint: string }
  }
  expect({ exitCode, code: error.code }).toEqual({ exitCode: EXIT_CODES.unconfirmed, code: 'unconfirmed' })
  expect(error.hint).toContain('--yes')
  expect(await readdir(folder)).toEqual(before)
})

test('no answer shares its code with another, and a signal’s is that of a shell', () => {
  const { unconfirmed, declined, cancelled } = EXIT_CODES
  expect(new Set([unconfirmed, declined, cancelled]).size).toBe(3)
  expect(Object.entries(EXIT_CODES).filter(([, code]) => code === 130)).toEqual([['cancelled', 130]])
})
