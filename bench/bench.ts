/** How fast quorate is: every figure of docs/project/performance.md from one run, measurements of different things taken in turns. */
import { mkdir, readFile, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { labAvailable } from '../src/lab/available.ts'
import { cachedPrograms, sshRoundTrips, unchanged } from './applies.ts'
import { type FiguresOfBackups, measureBackups } from './backups.ts'
import { type BenchCluster, benchCluster } from './cluster.ts'
import { fillPage } from './fill.ts'
import { type FiguresOfKubernetes, KUBERNETES, linesOfKubernetes, measureKubernetes } from './kubernetes.ts'
import { median, must } from './measure.ts'
import { benchFolder } from './undo.ts'
import { type FiguresOfStart, measureStart } from './start-up.ts'
import {
  type Figures,
  type FiguresInUse,
  computer,
  linesOf,
  linesOfBackups,
  linesOfStart,
  markdownTable,
  readmeLine,
  readmeLineKubernetes,
  textTable,
} from './report.ts'

const root = path.resolve(import.meta.dirname, '..')
const tool = path.join(root, 'quorate')
const PERFORMANCE = 'docs/project/performance.md'
const HELP = `usage: script/bench [--json | --markdown] [--repeat N] [backups | kubernetes | start]

Measures quorate on machines in the lab (root, Debian), beside hand-written shell scripts, in about fifteen minutes;
"backups" measures backing up and restoring a store of 1 GiB alone, "start" how long each verb takes to its first login,
"kubernetes" nine machines from nothing to pods on three workers, beside kubeadm by hand; it wants the computer for itself.
Prints a table with targets and verdicts; exit code 1 if a target is missed. Leaves nothing behind.

  --json        one object with every figure instead
  --markdown    writes the figures into docs/project/performance.md as well (all, or those of "kubernetes"), and the most
                important ones into README.md
  --repeat N    each measurement N times (3), of which the median counts
`

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(HELP)
    return 0
  }
  const repeat = words.includes('--repeat') ? Number(words[words.indexOf('--repeat') + 1]) : 3
  if (!Number.isInteger(repeat) || repeat < 1) {
    process.stderr.write(HELP)
    return 64
  }
  const missing = labAvailable()
  if (missing.length > 0) {
    for (const one of missing)
      process.stderr.write(`bench: needs ${one.what}: ${one.why}. ${mend(one.command)}\n`)
    return 71
  }
  if (words.includes('backups')) {
    process.stdout.write(textTable(linesOfBackups(await measureBackupsOnly(repeat))))
    return 0
  }
  if (words.includes('kubernetes')) {
    const figures = await measureKubernetesOnly(repeat)
    const lines = linesOfKubernetes(figures)
    process.stdout.write(textTable(lines))
    const load = figures.kubernetesLoadBefore.toFixed(0)
    const rounds = repeat === 1 ? 'One round' : `${repeat} rounds`
    const conditions = `${rounds}. The host's load average was ${load} before the first round, without the bench.`
    if (words.includes('--markdown')) {
      const now = new Date()
      const [mark, table] = ['bench kubernetes', markdownTable(lines, conditions, now)]
      await fillPage(path.join(root, PERFORMANCE), mark, table)
      await fillPage(path.join(root, 'README.md'), mark, readmeLineKubernetes(figures, now))
    }
    return lines.some((line) => line.met === false) ? 1 : 0
  }
  if (words.includes('start')) {
    const figures = await measureStartAlone(repeat)
    for (const [verb, milliseconds] of Object.entries(figures.verbMilliseconds).toSorted(
      ([, a], [, b]) => b - a,
    ))
      process.stdout.write(`${milliseconds.toFixed(0).padStart(5)} ms  ${verb}\n`)
    process.stdout.write(textTable(linesOfStart(figures)))
    return 0
  }
  const figures = await measureAll(repeat)
  const lines = linesOf(figures)
  if (words.includes('--json')) {
    const targets = lines.filter((line) => line.met !== undefined)
    const result = { date: new Date().toISOString(), computer: computer(), repeat, figures, targets }
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  } else {
    process.stdout.write(textTable(lines))
  }
  const pushed = (figures.pushedBytesPerMember / 1_000_000).toFixed(0)
  const conditions = `Each member receives ${pushed} MB of binaries. The ratios are within one run.`
  if (words.includes('--markdown')) {
    const now = new Date()
    await fillPage(path.join(root, PERFORMANCE), 'bench', markdownTable(lines, conditions, now))
    await fillPage(path.join(root, 'README.md'), 'bench', readmeLine(figures, now))
  }
  return lines.some((line) => line.met === false) ? 1 : 0
}

async function measureAll(repeat: number): Promise<Figures> {
  await using bench = await benchFolder()
  const { folder } = bench
  const three = await benchCluster(folder, 'bench-three', 3, tool)
  bench.takeDown(three)
  say('fetching etcd, booting machines')
  await three.pristine()
  await three.quorate(['apply'])
  const binaries = await cachedPrograms('3.5.16', 'debian-trixie-')

  const shell: number[] = []
  const firstThree: number[] = []
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: three pristine machines, twice`)
    await three.pristine()
    shell.push((await shellScript(three, binaries, path.join(folder, `shell-${round}`))).durationMs)
    await three.pristine()
    firstThree.push((await three.quorate(['apply'])).durationMs)
  }

  const nine = await benchCluster(folder, 'bench-nine', 9, tool)
  bench.takeDown(nine)
  const memoryFile = path.join(folder, 'memory')
  const firstNine: number[] = []
  const memory: number[] = []
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: nine pristine machines`)
    await nine.pristine()
    const hook = `--import=${path.join(root, 'bench/peak-memory.mjs')}`
    const env = { NODE_OPTIONS: hook, BENCH_MEMORY_FILE: memoryFile }
    firstNine.push((await nine.quorate(['apply'], env)).durationMs)
    memory.push(Number(await readFile(memoryFile, 'utf8')))
  }

  say('second applies, on three and on nine in turns')
  const secondThree: number[] = []
  const secondNine: number[] = []
  for (let round = 0; round < Math.max(5, 2 * repeat); round++) {
    secondThree.push(await unchanged(three))
    secondNine.push(await unchanged(nine))
  }
  const roundTrips = await sshRoundTrips(nine, folder)
  const inUse = await measureInUse(three, nine, repeat)
  await nine.down()
  const start = await startOf(folder, repeat)
  const backups = await backupsOf(three, repeat)
  return {
    ...start,
    ...inUse,
    ...backups,
    shellSeconds: secondsOf(shell),
    firstApplyThreeSeconds: secondsOf(firstThree),
    firstApplyToShellRatio: median(firstThree) / median(shell),
    secondApplyThreeSeconds: secondsOf(secondThree),
    sshRoundTripsPerHost: roundTrips / nine.nodes.length,
    firstApplyNineSeconds: secondsOf(firstNine),
    secondApplyNineSeconds: secondsOf(secondNine),
    nineToThreeRatio: median(secondNine) / median(secondThree),
    peakMemoryBytes: Math.max(...memory),
    pushedBytesPerMember: await sizeOf(binaries),
  }
}

async function startOf(above: string, repeat: number): Promise<FiguresOfStart> {
  const folder = path.join(above, 'start')
  await mkdir(folder, { mode: 0o700 })
  say('starting each verb')
  return await measureStart({ tool, node: process.execPath, folder }, Math.max(5, 2 * repeat))
}

/** Starts alone, which need no machines. */
async function measureStartAlone(repeat: number): Promise<FiguresOfStart> {
  await using bench = await benchFolder()
  return await startOf(bench.folder, repeat)
}

/** Nothing else runs beside it. */
async function backupsOf(cluster: BenchCluster, repeat: number): Promise<FiguresOfBackups> {
  const folder = path.join(cluster.folder, 'backups')
  await mkdir(folder)
  const [memoryHook, memoryFile] = [path.join(root, 'bench/peak-memory.mjs'), path.join(folder, 'memory')]
  const binaries = await cachedPrograms('3.5.16', 'debian-trixie-')
  return await measureBackups({ cluster, folder, binaries, repeat, memoryHook, memoryFile, say })
}

/** Backups alone, for whoever works on them. */
async function measureBackupsOnly(repeat: number): Promise<FiguresOfBackups> {
  await using bench = await benchFolder()
  const three = await benchCluster(bench.folder, 'bench-three', 3, tool)
  bench.takeDown(three)
  return await backupsOf(three, repeat)
}

/** Kubernetes alone: all nine machines run beside nothing else. */
async function measureKubernetesOnly(repeat: number): Promise<FiguresOfKubernetes> {
  await using bench = await benchFolder()
  const { folder } = bench
  const nine = await benchCluster(folder, 'bench-kubernetes', KUBERNETES, tool)
  bench.takeDown(nine)
  return await measureKubernetes({ cluster: nine, folder, repeat, say })
}

async function shellScript(three: BenchCluster, binaries: string, work: string) {
  const nodes = three.nodes.map(({ name, address }) => `${name}=${address}`)
  const script = path.join(root, 'bench/three-members.sh')
  return await must([script, work, binaries, three.identityFile, three.knownHosts, ...nodes])
}

function secondsOf(milliseconds: readonly number[]): number {
  return median(milliseconds) / 1000
}

interface Recorded {
  readonly durationMs: number
  /** The longest that a client had to wait for a write. */
  readonly writeGapMs: number
}

/** What is done to clusters while a client uses them, which tells how long it had to wait. */
async function measureInUse(three: BenchCluster, nine: BenchCluster, repeat: number): Promise<FiguresInUse> {
  const [renewals, restarts, additions]: Recorded[][] = [[], [], []]
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: renewing certificates, restarting members, adding one`)
    renewals?.push(await recorded(three, ['certs', 'renew', '--all']))
    await three.configure(`settings: { heartbeat-interval: '${100 + round}' }`)
    restarts?.push(await recorded(three, ['apply']))
    additions?.push(await recorded(nine, ['member', 'add', 'master04']))
    await nine.quorate(['member', 'remove', 'master04'])
  }
  const seconds = (list: readonly Recorded[] = []) => secondsOf(list.map(({ durationMs }) => durationMs))
  const gap = (list: readonly Recorded[] = []) => Math.max(...list.map(({ writeGapMs }) => writeGapMs))
  return {
    renewThreeSeconds: seconds(renewals),
    renewWriteGapMilliseconds: gap(renewals),
    restartThreeSeconds: seconds(restarts),
    restartWriteGapMilliseconds: gap(restarts),
    addMemberSeconds: seconds(additions),
    addMemberWriteGapMilliseconds: gap(additions),
  }
}

async function recorded(cluster: BenchCluster, words: readonly string[]): Promise<Recorded> {
  const { output, durationMs } = await cluster.quorate([...words, '--json'])
  const done = JSON.parse(output.trim().split('\n').at(-1) ?? '') as {
    readonly availability?: { readonly report: { readonly writes: { readonly worstGapMs: number } } }
  }
  if (done.availability === undefined) throw new Error(`nothing was recorded beside ${words.join(' ')}`)
  return { durationMs, writeGapMs: done.availability.report.writes.worstGapMs }
}

async function sizeOf(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('etcd'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function mend(command: string | undefined): string {
  if (command === undefined) return ''
  return `Run: ${command.includes('apt-get') ? command : 'sudo script/bench'}`
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
}

process.exitCode = await main(process.argv.slice(2))
