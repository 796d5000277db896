import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Remote, RemoteCommand } from '../ssh/remote.ts'
import { type AgentRun, runAgent } from './agent.ts'
import schedule from './agent/schedule.sh?raw'
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

/** What the operations say that they take, by name: `changes` or `reads`, then their words. */
function declared(): Readonly<Record<string, readonly string[]>> {
  const texts = readdirSync(FOLDER).map((file) => readFileSync(path.join(FOLDER, file), 'utf8'))
  const found = texts.flatMap((text) => [...text.matchAll(/^takes_([a-z_]+)='(.*)'\nop_\1\(\) \{/gm)])
  return Object.fromEntries(found.map(([, name = '', takes = '']) => [name, takes.split(' ')]))
}

const OPERATIONS = declared()
const CHANGING = Object.keys(OPERATIONS).filter((name) => OPERATIONS[name]?.[0] === 'changes')

/** As many words as it needs. */
function wordsFor(name: string): string[] {
  return (OPERATIONS[name] ?? []).slice(1).filter((word) => /^[a-z]/.test(word))
}

async function attempt(...operations: readonly (readonly string[])[]): Promise<unknown> {
  const [[name = ''] = []] = operations.slice(-1)
  const extension = name.startsWith('recover') ? RECOVER : `${RESTORE}${schedule}`
  // As no type would let it pass.
  return await runAgent(here, { operations: operations as never, looks: [], extension })
}

test('every operation says what it takes', () => {
  const texts = readdirSync(FOLDER).map((file) => readFileSync(path.join(FOLDER, file), 'utf8'))
  const defined = texts.flatMap((text) =>
    [...text.matchAll(/^op_([a-z_]+)\(\)/gm)].map(([, name = '']) => name),
  )
  expect(Object.keys(OPERATIONS).toSorted()).toEqual(defined.toSorted())
  expect(CHANGING.length).toBeGreaterThanOrEqual(40)
})

test('the types say the same words', () => {
  const text = readFileSync(path.join(import.meta.dirname, 'operations.ts'), 'utf8').replaceAll(/\s+/g, ' ')
  const typed = [...text.matchAll(/\| readonly \[ ?'([a-z_]+)'/g)].map((match, index, all) => {
    const own = text.slice(match.index, all[index + 1]?.index)
    return [
      match[1],
      [...own.matchAll(/(\.{3})?\b([a-z0-9]+):/g)].map(([, rest, name]) => (rest ? `..${name}` : name)),
    ]
  })
  const own = ['fence', 'incoming', 'receive']
  const said = CHANGING.filter((name) => !own.includes(name)).map((name) => [
    name,
    OPERATIONS[name]?.slice(1).map((word) => word.replace('~', '..')),
  ])
  expect(Object.fromEntries(typed)).toEqual(Object.fromEntries(said))
})

test.each(CHANGING.filter((name) => name !== 'fence'))(
  'without a lock nothing is changed: %s',
  async (name) => {
    await expect(attempt([name, ...wordsFor(name)])).rejects.toMatchObject({
      code: 'command',
      message: `${name}: refused, since no lock was shown for it`,
    })
  },
)

test.each(Object.keys(OPERATIONS).filter((name) => wordsFor(name).length > 0))(
  'a word that is missing is named before anything is done: %s',
  async (name) => {
    const words = wordsFor(name)
    await expect(attempt(['reload'], [name, ...words.slice(0, -1)])).rejects.toMatchObject({
      message: `${name}: the argument ${words.at(-1)} is missing; nothing was changed`,
    })
  },
)

test.each([
  [
    ['file', 't0', '/x', 'root', 'root', '644', '644'],
    'file: 1 more arguments than it takes; nothing was changed',
  ],
  [['stop', 'x.service', '1', '2'], 'stop: 1 more arguments than it takes; nothing was changed'],
  [['fetch', 'x'], 'unknown operation fetch; nothing was changed'],
  [['reload; id'], 'unknown operation reload; id; nothing was changed'],
])('refused before anything is done: %j', async (operation, message) => {
  await expect(attempt(['reload'], operation)).rejects.toMatchObject({ message })
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
