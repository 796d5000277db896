/** The exit codes of questions that are not answered with yes. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
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

/** It asks, and needs no machine. */
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

test('what was typed before the question does not answer it', async () => {
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

test("no answer shares its code with another, and a signal's is that of a shell", () => {
  const { unconfirmed, declined, cancelled } = EXIT_CODES
  expect(new Set([unconfirmed, declined, cancelled]).size).toBe(3)
  expect(Object.entries(EXIT_CODES).filter(([, code]) => code === 130)).toEqual([['cancelled', 130]])
})

test('init on a terminal: Return takes the answer in the line, and a wrong answer is asked for again, the others kept', async () => {
  const file = path.join(folder, 'asked.yaml')
  const clear = '\u0015'
  const { exitCode, stdout } = await talk(
    { clusterFile: file },
    ['init'],
    [
      { question: 'What is the cluster called?', line: '' },
      { question: 'Addresses of the etcd nodes', line: '10.0.0.11, 10.0.0.12, 10.0.0.12' },
      { question: '10.0.0.12 is the address of etcd02 too', line: `${clear}10.0.0.11 10.0.0.12 10.0.0.13` },
      { question: 'Addresses of the masters', line: '10.0.0.13' },
      { question: '10.0.0.13 is the address of etcd03 too', line: `${clear}10.0.0.21` },
      { question: 'Addresses of the workers', line: '' },
      { question: 'Addresses of the service nodes', line: '' },
      { question: 'Who logs in over SSH?', line: `${clear}a b` },
      { question: 'is not a login name', line: `${clear}admin` },
      { question: 'Private key for SSH', line: '' },
      { question: 'Where does the certificate authority live?', line: '' },
      { question: 'Where do the etcd binaries come from?', line: '' },
      { question: 'Which version of etcd', line: '' },
      { question: 'network for pods', line: '10.0.0.0/16' },
      { question: 'overlaps', line: `${clear}10.5.0.0/16` },
      { question: 'load balancer', line: '' },
    ],
  )
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
  expect(stdout).not.toMatch(/\(line \d|on line \d/)
  expect(parse(await readFile(file, 'utf8'))).toMatchObject({
    name: 'my-cluster',
    ssh: { user: 'admin' },
    nodes: [
      { name: 'etcd01', address: '10.0.0.11' },
      { name: 'etcd02', address: '10.0.0.12' },
      { name: 'etcd03', address: '10.0.0.13' },
      { name: 'master01', address: '10.0.0.21' },
    ],
    network: { Network: '10.5.0.0/16' },
  })
})

test('a second Ctrl-C ends it at once, with the code of a signal and an error object all the same', async () => {
  // ssh ignores both, and quorate waits for it after the first one.
  const bin = path.join(folder, 'bin')
  const [ssh, started] = [path.join(bin, 'ssh'), path.join(bin, 'started')]
  await mkdir(bin)
  await writeFile(
    ssh,
    `#!/bin/sh\ntrap '' INT TERM HUP\n: >'${started}'\nwhile [ -e '${started}' ]; do sleep 0.2; done\n`,
    { mode: 0o700 },
  )
  const { child, ended } = startQuorate({ clusterFile }, ['run', 'a', '--json', '--', 'true'], {
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await expect.poll(() => existsSync(started), { timeout: 60_000 }).toBe(true)
  child.kill('SIGINT')
  await expect.poll(() => said, { timeout: 60_000 }).toContain('stopping')
  child.kill('SIGINT')
  const { exitCode, stdout } = await ended
  expect({ exitCode, stdout: JSON.parse(stdout) as unknown }).toMatchObject({
    exitCode: EXIT_CODES.cancelled,
    stdout: { error: { code: 'cancelled' } },
  })
})
