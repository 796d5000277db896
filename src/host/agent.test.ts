import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Remote, RemoteCommand } from '../ssh/remote.ts'
import { type AgentRun, runAgent } from './agent.ts'
import { RECOVER, RESTORE } from './extensions.ts'

const FOLDER = path.join(import.meta.dirname, 'agent')

test('no operation sets what the main program counts steps and words with: all are one shell', () => {
  const wrong = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sh') && file !== 'main.sh')
    .filter((file) => /(?:^|[\s;(])(?:number|words)=/m.test(readFileSync(path.join(FOLDER, file), 'utf8')))
  expect(wrong).toEqual([])
})

test('no two files define a function of the same name: the later one would silently count for both', () => {
  const texts = [
    path.join(import.meta.dirname, 'places.sh'),
    ...readdirSync(FOLDER)
      // Run by themselves on a machine.
      .filter((file) => file.endsWith('.sh') && file !== 'isolated.sh')
      .map((file) => path.join(FOLDER, file)),
  ].map((file) => readFileSync(file, 'utf8'))
  const names = texts.flatMap((text) => [...text.matchAll(/^([a-z_0-9]+)\(\)/gm)].map(([, name]) => name))
  expect(names.length).toBeGreaterThan(100)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

/** Runs the agent here, in the shell that machines have. */
const here: Remote = {
  host: 'here',
  user: 'root',
  run: async ({ argv, onStdout }: RemoteCommand) => {
    const [program = '', ...words] = argv
    const { stdout, stderr, status } = spawnSync(program, words, { encoding: 'utf8', input: '' })
    onStdout?.(stdout)
    return await Promise.resolve({ host: 'here', stdout, stderr, exitCode: status ?? 1, durationMs: 1 })
  },
  forward: async () => await Promise.reject(new Error('not here')),
  close: async () => undefined,
}

/** What the dispatcher knows as operations that change something. */
function changing(): readonly string[] {
  const [, list = ''] =
    /^ {8}(fence \| .*)\)$/m.exec(readFileSync(path.join(FOLDER, 'main.sh'), 'utf8')) ?? []
  const defined = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sh') && !['main.sh', 'isolated.sh'].includes(file))
    .flatMap((file) => [...readFileSync(path.join(FOLDER, file), 'utf8').matchAll(/^op_([a-z_]+)\(\)/gm)])
    .map(([, name = '']) => name)
  const patterns = list.split(' | ').map((one) => new RegExp(`^${one.replaceAll('*', '.*')}$`))
  return defined.filter((name) => name !== 'fence' && patterns.some((pattern) => pattern.test(name)))
}

test.each([...changing(), 'receive', 'tls-modes'])('without a lock nothing is changed: %s', async (name) => {
  const run: AgentRun = { operations: [[name]], looks: [], extension: RESTORE }
  const recover: AgentRun = { ...run, extension: RECOVER }
  await expect(runAgent(here, name.startsWith('recover') ? recover : run)).rejects.toMatchObject({
    code: 'command',
    message: `${name}: refused, since no lock was shown for it`,
  })
})

test('the list of operations was found', () => {
  expect(changing().length).toBeGreaterThanOrEqual(40)
})

test('with a lock that is not held there nothing is changed either, nor is anything taken in', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'quorate-fence-'))
  const file = path.join(folder, 'kept')
  writeFileSync(file, 'x')
  const remove: AgentRun = { operations: [['remove', file]], looks: [] }
  await expect(runAgent(here, { ...remove, fence: 'f'.repeat(32) })).rejects.toThrow(
    /lock on this machine is not ours/,
  )
  await expect(runAgent(here, remove)).rejects.toThrow(/^remove: refused/)
  const write: AgentRun = { operations: [['file', { text: 'y' }, file, 'root', 'root', '644']], looks: [] }
  await expect(runAgent(here, write)).rejects.toThrow(/^receive: refused/)
  expect(existsSync(file) && readFileSync(file, 'utf8')).toBe('x')
  rmSync(folder, { recursive: true })
})
