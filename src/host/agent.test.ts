import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { NOTHING_CHANGED } from '../errors.ts'
import type { Remote, RemoteCommand } from '../ssh/remote.ts'
import { type AgentRun, runAgent } from './agent.ts'
import begin from './agent/begin.sh?raw'
import main from './agent/main.sh?raw'
import schedule from './agent/schedule.sh?raw'
import { RECOVER, REMAINS, RESTORE } from './extensions.ts'
import { CHANGES, LOOKS, type Values } from './operations.ts'

const FOLDER = path.join(import.meta.dirname, 'agent')

test('no operation sets what the main program counts steps with: all are one shell', () => {
  const wrong = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sh') && file !== 'main.sh')
    .filter((file) => /(?:^|[\s;(])number=/m.test(readFileSync(path.join(FOLDER, file), 'utf8')))
  expect(wrong).toEqual([])
})

test('no two files define a function of the same name: the later one would silently count for both', () => {
  const programs = [
    path.join(import.meta.dirname, 'places.sh'),
    ...readdirSync(FOLDER)
      // Programs that run separately on a node.
      .filter((file) => file.endsWith('.sh') && file !== 'isolated.sh')
      .map((file) => path.join(FOLDER, file)),
  ].map((file) => readFileSync(file, 'utf8'))
  const names = programs.flatMap((text) => [...text.matchAll(/^([a-z_0-9]+)\(\)/gm)].map(([, name]) => name))
  expect(names.length).toBeGreaterThan(100)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

/** Runs the agent on this workstation, in the shell that nodes have. */
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
  attach: async () => await Promise.reject(new Error('no terminal')),
  close: async () => undefined,
}

/** The arguments that the operations declare, by name: `changes` or `reads`, then the arguments. */
function declared(): Readonly<Record<string, readonly string[]>> {
  const found = texts().flatMap((text) => [...text.matchAll(/^takes_([a-z_]+)='(.*)'\nop_\1\(\) \{/gm)])
  return Object.fromEntries(found.map(([, name = '', takes = '']) => [name, takes.split(' ')]))
}

function texts(): readonly string[] {
  return readdirSync(FOLDER).map((file) => readFileSync(path.join(FOLDER, file), 'utf8'))
}

const OPERATIONS = declared()
const CHANGING = Object.keys(OPERATIONS).filter((name) => OPERATIONS[name]?.[0] === 'changes')

/** Names of its required arguments. */
function needed(name: string): string[] {
  return (OPERATIONS[name] ?? [])
    .slice(1)
    .filter((word) => /^@?[a-z]/.test(word))
    .map((word) => word.replace('@', ''))
}

/** A value for each of these. */
function valuesFor(names: readonly string[]): Values {
  return Object.fromEntries(names.map((name) => [name, 'x']))
}

async function attempt(...operations: readonly (readonly [name: string, values?: Values])[]) {
  const recovers = operations.some(([name]) => name.startsWith('recover'))
  const extension = recovers ? RECOVER : `${RESTORE}${schedule}${REMAINS}`
  // With values that no type would allow.
  return await runAgent(here, { operations: operations as never, looks: [], extension })
}

test('every operation says what it takes, and uses that alone: what another one was given is still there', () => {
  const defined = texts().flatMap((text) =>
    [...text.matchAll(/^op_([a-z_]+)\(\) \{\n([^]*?)^\}/gm)].map(([, name = '', body = '']) => ({
      name,
      body,
    })),
  )
  expect(defined.map(({ name }) => name).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted())
  expect(CHANGING.length).toBeGreaterThanOrEqual(40)
  for (const { name, body } of defined) {
    const used = new Set([...body.matchAll(/\barg_([a-z0-9_]+)/g)].map(([, one = '']) => one))
    const takes = (OPERATIONS[name] ?? []).slice(1).filter((word) => !word.startsWith('..'))
    expect({ name, used: [...used].toSorted() }).toEqual({
      name,
      used: takes.map((word) => word.replace(/^~?@?/, '')).toSorted(),
    })
  }
})

test('only the code that carries out operations knows and sets the arguments', () => {
  const others = readdirSync(FOLDER).filter((name) => name !== 'main.sh')
  const lines = (change: (text: string) => string) =>
    others.flatMap((file) => change(readFileSync(path.join(FOLDER, file), 'utf8')).split('\n'))
  const sets = /(?<!\$)\barg_[a-z0-9_]+=|\b(for|read)( -r)? [a-z_ ]*arg_/
  expect(lines((text) => text).filter((line) => sets.test(line))).toEqual([])
  const helpers = lines((text) => text.replaceAll(/^op_[a-z_]+\(\) \{\n[^]*?^\}/gm, ''))
  expect(helpers.filter((line) => line.includes('arg_'))).toEqual([])
})

test('the types say the same', () => {
  const own = ['fence', 'incoming', 'receive']
  const said = (kind: string) =>
    Object.fromEntries(
      Object.entries(OPERATIONS).flatMap(([name, [first, ...words]]) =>
        first === kind && !own.includes(name) ? [[name, words.join(' ')]] : [],
      ),
    )
  expect(CHANGES).toEqual(said('changes'))
  expect(LOOKS).toEqual(said('reads'))
})

test.each(CHANGING.filter((name) => name !== 'fence'))(
  'without a lock nothing is changed: %s',
  async (name) => {
    await expect(attempt([name, valuesFor(needed(name))])).rejects.toMatchObject({
      code: 'command',
      message: `${name}: refused: the request has no lock token`,
    })
  },
)

test.each(Object.keys(OPERATIONS).filter((name) => needed(name).length > 0))(
  'an argument that is missing is named before anything is done: %s',
  async (name) => {
    const names = needed(name)
    await expect(attempt(['reload'], [name, valuesFor(names.slice(0, -1))])).rejects.toMatchObject({
      message: expect.stringMatching(
        new RegExp(`^${name}: .* ${names.at(-1)} [^;]*missing; ${NOTHING_CHANGED}$`),
      ),
    })
  },
)

const FILE = { content: 'x', path: '/x', owner: 'root', group: 'root', mode: '644' }

test.each<[string, Values, RegExp]>([
  ['file', { ...FILE, modus: '644' }, /^file: .* no argument modus/],
  ['file', { ...FILE, mode: ['644', '600'] }, /^file: .* argument mode .*twice/],
  // Neither the word for the kind of an operation, nor two names at once, nor a part of one.
  ['file', { ...FILE, changes: 'x' }, /^file: .* no argument changes/],
  ['file', { ...FILE, 'owner group': 'x' }, /^file: .* no argument owner group/],
  ['file', { ...FILE, own: 'x' }, /^file: .* no argument own/],
  ['file', { ...FILE, '$(id)': 'x' }, /^file: .* no argument \$\(id\)/],
  ['file', { ...FILE, '': 'x' }, /^file: .* no argument /],
  ['stop', { unit: 'x', seconds: ['1', '2'] }, /^stop: .* argument seconds .*twice/],
  ['fetch', {}, /^unknown operation fetch/],
  ['reload; id', {}, /^unknown operation reload; id/],
])('refused before anything is done: %s %j', async (name, values, said) => {
  await expect(attempt(['reload'], [name, values])).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`${said.source}; ${NOTHING_CHANGED}$`)),
  })
})

/** The agent's error for these arguments. */
function refused(...words: readonly string[]): string {
  return spawnSync('sh', ['-c', begin + main, 'sh', ...words], { encoding: 'utf8' }).stderr
}

test('a list of operations that is cut off is refused, and so is an argument without a name', () => {
  const before = `; ${NOTHING_CHANGED}\n`
  expect(refused('3', 'fence', 'token=x')).toMatch(new RegExp(`^fence: [^;]* truncated${before}$`))
  expect(refused('2', 'fence', 'x')).toMatch(new RegExp(`^fence: [^;]* x [^;]* name${before}$`))
})

/** Prints how many values it has, and which. */
const TELL = `
takes_tell='reads one ~two @text ..more'
op_tell() { printf '%s\\n' "$#" "$arg_one" "$arg_two" "$arg_text" "$@"; }
`

test.each(['dash', 'bash --posix'])('in %s: values arrive as they are, whatever is in them', (shell) => {
  const wild = `$(id) \`id\` "'; id; # \\ *  =x`
  const words = [
    '6',
    'tell',
    `more=${wild}`,
    `one=${wild}`,
    'text=t0',
    'more=',
    'more=a b',
    '4',
    'tell',
    'two=was',
    'one==',
    'text=t1',
    '3',
    'tell',
    'text=f0',
    'one=',
  ]
  const [file = '', ...options] = shell.split(' ')
  const argv = [...options, '-c', `${begin}staging=/staging\n${TELL}${main}`, 'sh', ...words]
  const { stdout, stderr } = spawnSync(file, argv, { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual([
    '3',
    wild,
    '',
    '/staging/t0',
    wild,
    '',
    'a b',
    '0',
    '=',
    'was',
    '/staging/t1',
    '0',
    '',
    '',
    '/staging/f0',
    '',
  ])
})

test('with a lock that is not held there nothing is changed either, nor is anything taken in', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'quorate-fence-'))
  const file = path.join(folder, 'kept')
  writeFileSync(file, 'x')
  const remove: AgentRun = { operations: [['remove', { paths: [file] }]], looks: [] }
  await expect(runAgent(here, { ...remove, fence: 'f'.repeat(32) })).rejects.toFail('command/lost-the-lock', {
    fix: 'quorate unlock --preview',
  })
  await expect(runAgent(here, remove)).rejects.toThrow(/^remove: refused/)
  const place = { path: file, owner: 'root', group: 'root', mode: '644' }
  const write: AgentRun = { operations: [['file', { content: { text: 'y' }, ...place }]], looks: [] }
  await expect(runAgent(here, write)).rejects.toThrow(/^receive: refused/)
  expect(existsSync(file) && readFileSync(file, 'utf8')).toBe('x')
  rmSync(folder, { recursive: true })
})
