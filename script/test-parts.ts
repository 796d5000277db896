/**
 * Runs the parts of the test suite, all of them even if one fails, and adds up their results. They run one after the
 * other, except those that can run at the same time as the tests with machines. Those often wait (for elections,
 * deadlines, boots), and parts that only compute use that time.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, mkdtemp, open, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { labAvailable } from '../src/lab/available.ts'
import { findChromium } from './chromium.ts'
import {
  type Counts,
  add,
  countsOf,
  failedFiles,
  failureLines,
  slowest,
  slowestFiles,
} from './test-counts.ts'

const HELP = `
usage: script/test [--list-slow] [PART …]

Runs all parts, or those named: lint types build package unit sim site lab kubernetes
All but the build run beside the lab where there is one. The part kubernetes runs last and alone: it wants the whole computer,
and is skipped, with the reason, where there is no Go toolchain. The first time it builds a Kubernetes from Go modules, about 12
minutes on two cores.
Ends with a line 'N passed, N failed, N skipped'; exit code 0 only if nothing failed. The parts lint, types, build and
package count as one each. Logs of the machines of failed lab tests are kept, in a folder that is named.

  --list-slow  the 20 tests and the 20 files that took longest, before the last lines
`

interface Part {
  readonly name: string
  readonly what: string
  /** Commands, each run even if one before it fails. */
  readonly commands?: readonly (readonly string[])[]
  /** Alternatively a vitest project. */
  readonly project?: string
  /** Runs at the same time as the tests with machines, at a lower priority; its output is shown at its end. */
  readonly beside?: boolean
}

const PARTS: readonly Part[] = [
  {
    name: 'lint',
    what: 'oxlint and oxfmt',
    beside: true,
    commands: [
      ['oxlint', '--deny-warnings'],
      ['oxfmt', '--check'],
    ],
  },
  { name: 'types', what: 'TypeScript', beside: true, commands: [['tsc', '--noEmit']] },
  { name: 'build', what: 'dist/', commands: [['node', 'script/build.mjs']] },
  {
    name: 'package',
    what: 'what npm would publish, and what nobody uses',
    beside: true,
    commands: [
      ['tsc', '-p', 'tsconfig.types.json'],
      ['publint', '--strict'],
      ['knip'],
      ['node', 'script/try-package.ts'],
    ],
  },
  { name: 'unit', what: 'units', project: 'unit', beside: true },
  { name: 'sim', what: 'simulated clusters with faults', project: 'sim', beside: true },
  { name: 'site', what: 'the documentation in a browser', project: 'site', beside: true },
  { name: 'lab', what: 'machines with systemd, sshd and etcd', project: 'lab' },
  // Last and alone: a control plane that waits for a processor loses its leases.
  { name: 'kubernetes', what: 'Kubernetes on machines', project: 'kubernetes' },
]

const LIST_SLOW = '--list-slow'
const SLOW_TESTS = 20
const SLOW_FILES = 20

/** Gets about a tenth of a processor that an ordinary process wants as well, and all of an idle one. */
const LESS_URGENT = ['nice', '-n', '10']

const root = path.resolve(import.meta.dirname, '..')

async function main(typed: readonly string[]): Promise<number> {
  if (typed.includes('--help') || typed.includes('-h')) {
    process.stdout.write(HELP.trimStart())
    return 0
  }
  const listSlow = typed.includes(LIST_SLOW)
  const words = typed.filter((word) => word !== LIST_SLOW)
  const unknown = words.filter((word) => !PARTS.some((part) => part.name === word))
  if (unknown.length > 0) {
    process.stderr.write(`script/test: there is no part '${unknown[0]}'\n${HELP}`)
    return 64
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-test-'))
  const chosen = PARTS.filter(({ name }) => words.length === 0 || words.includes(name))
  const shared = chosen.some(({ name }) => name === 'lab') && whyNoMachines() === undefined
  const beside = shared ? chosen.filter((part) => part.beside === true) : []
  const done = new Map<Part, Timed>()
  const timed = async (part: Part, output?: FileHandle) => {
    const started = performance.now()
    const outcome = await runPart(part, { folder, output })
    done.set(part, { ...outcome, seconds: (performance.now() - started) / 1000 })
  }
  for (const part of chosen.filter((one) => !beside.includes(one))) {
    announce(part)
    await Promise.all([timed(part), part.name === 'lab' ? runBeside(beside, folder, timed) : undefined])
  }
  const outcomes = chosen.flatMap((part) => {
    const outcome = done.get(part)
    return outcome === undefined ? [] : [{ part, ...outcome }]
  })
  const reports = outcomes.flatMap(({ report }) => report ?? [])
  const total = outcomes.map(({ counts }) => counts).reduce(add, { passed: 0, failed: 0, skipped: 0 })
  const lines = outcomes.map(({ part, counts, notes, seconds }) => {
    const remarks = notes.map((note) => `\n         ${note}`).join('')
    return `${part.name.padEnd(8)} ${sentence(counts)} (${seconds.toFixed(1)} s)${remarks}`
  })
  // Logs worth keeping are named above; nothing else stays.
  if ((await filesIn(folder)).length === 0) await rm(folder, { recursive: true, force: true })
  if (listSlow) process.stdout.write(`\n${slowLines(reports).join('\n')}\n`)
  process.stdout.write(`\n${lines.join('\n')}\n\n${sentence(total)}\n`)
  return total.failed === 0 ? 0 : 1
}

interface Outcome {
  readonly counts: Counts
  readonly notes: readonly string[]
  /** vitest's report, as JSON. */
  readonly report?: string | undefined
}

interface Timed extends Outcome {
  readonly seconds: number
}

function announce({ name, what }: Part): void {
  process.stdout.write(`\n== ${name}: ${what}\n`)
}

/** One after the other, because each uses all processors; then prints their output. */
async function runBeside(
  parts: readonly Part[],
  folder: string,
  timed: (part: Part, output: FileHandle) => Promise<void>,
): Promise<void> {
  for (const part of parts) {
    const file = path.join(folder, `${part.name}.out`)
    const output = await open(file, 'w')
    try {
      await timed(part, output)
    } finally {
      await output.close()
    }
    announce(part)
    process.stdout.write(await readFile(file))
    await rm(file)
  }
}

interface Surroundings {
  /** For reports and logs. */
  readonly folder: string
  /** File for the output of a part that runs at the same time as another one. */
  readonly output: FileHandle | undefined
}

async function runPart(part: Part, surroundings: Surroundings): Promise<Outcome> {
  if (part.project !== undefined) return await runProject(part.project, surroundings)
  const failed: string[] = []
  for (const command of part.commands ?? []) {
    if ((await run(command, surroundings)) !== 0) failed.push(command.join(' '))
  }
  if (failed.length === 0) return { counts: { passed: 1, failed: 0, skipped: 0 }, notes: [] }
  return { counts: { passed: 0, failed: 1, skipped: 0 }, notes: [`failed: ${failed.join(', ')}`] }
}

async function runProject(project: string, surroundings: Surroundings): Promise<Outcome> {
  const { folder } = surroundings
  const reason = whySkipped(project)
  if (reason !== undefined) process.stdout.write(`${reason}\n`)
  const report = path.join(folder, `${project}.json`)
  const logs = path.join(folder, 'machines', project)
  await mkdir(logs, { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const command = ['vitest', 'run', '--project', project, '--passWithNoTests', ...reporters]
  const code = await run(command, surroundings, { QUORATE_TEST_LOGS: logs })
  const text = existsSync(report) ? await readFile(report, 'utf8') : undefined
  await rm(report, { force: true })
  const counts = countsOf(text, code)
  const kept = await keepLogsOf(failedFiles(text), logs)
  const notes = [
    reason,
    ...failureLines(text, root),
    kept ? `the machines' logs of failed tests: ${logs}` : undefined,
  ]
  return { counts, notes: notes.filter((note) => note !== undefined), report: text }
}

function timedLine(seconds: number, text: string): string {
  return `${seconds.toFixed(1).padStart(6)} s  ${text}`
}

function slowLines(reports: readonly string[]): string[] {
  const tests = slowest(reports, SLOW_TESTS).map(({ file, name, seconds }) =>
    timedLine(seconds, `${path.relative(root, file)}: ${name}`),
  )
  const files = slowestFiles(reports, SLOW_FILES).map(({ file, seconds }) =>
    timedLine(seconds, path.relative(root, file)),
  )
  return [...tests, '', ...files]
}

/** Why the tests of a project are skipped; undefined: they are not. */
function whySkipped(project: string): string | undefined {
  if (project === 'lab') return whyNoMachines()
  if (project === 'site') return whyNoBrowser()
  if (project !== 'kubernetes') return undefined
  return whyNoMachines() ?? whyNoGo()
}

function whyNoBrowser(): string | undefined {
  if (findChromium() !== undefined) return undefined
  return 'tests in a browser are skipped: there is no Chromium; as root, run: script/setup site'
}

/** As `script/setup` reports it if it could not install one. */
function whyNoGo(): string | undefined {
  if (spawnSync(path.join(root, 'script', 'find-go')).status === 0) return undefined
  return 'tests of Kubernetes are skipped: there is no Go 1.26 or newer to build it with; run: script/setup --kubernetes'
}

/** Why tests with machines are skipped, with the command that fixes it. */
function whyNoMachines(): string | undefined {
  const missing = labAvailable()
  if (missing.length === 0) return undefined
  const reasons = missing.map(
    ({ what, why, command }) => `${what} (${why}${command === undefined ? '' : `; run: ${mend(command)}`})`,
  )
  return `tests with machines are skipped: this computer lacks ${reasons.join(', ')}`
}

/** `available.ts` says how to run this command as root; the user typed script/test. */
function mend(command: string): string {
  return command.includes('apt-get')
    ? command
    : `sudo script/test${process.argv
        .slice(2)
        .map((word) => ` ${word}`)
        .join('')}`
}

/** The logs of each test file are in a directory with its name. @returns whether any are left. */
async function keepLogsOf(failed: readonly string[], logs: string): Promise<boolean> {
  const names = new Set(failed.map((file) => path.basename(file)))
  for (const name of await readdir(logs)) {
    if (!names.has(name)) await rm(path.join(logs, name), { recursive: true, force: true })
  }
  return (await filesIn(logs)).length > 0
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

async function run(
  command: readonly string[],
  { output }: Surroundings,
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const [program = '', ...args] = output === undefined ? command : [...LESS_URGENT, ...command]
  const stream = output?.fd ?? 'inherit'
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', stream, stream],
  })
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`)
      resolve(127)
    })
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function sentence({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

process.exitCode = await main(process.argv.slice(2))
