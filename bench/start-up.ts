/** How long each verb takes until it first asks for a login to a machine, or to its end where it comes to none. */
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { COMMANDS } from '../src/cli/commands.ts'
import { median, must, run } from './measure.ts'

export interface FiguresOfStart {
  readonly helpMilliseconds: number
  /** `node -e 0`, by the same Node.js. */
  readonly nodeMilliseconds: number
  readonly helpOverNodeMilliseconds: number
  /** The verb that takes longest, and how much longer than `node -e 0`. */
  readonly slowestVerb: string
  readonly slowestVerbMilliseconds: number
  /** Of each verb, as of the slowest one. */
  readonly verbMilliseconds: Readonly<Record<string, number>>
}

const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'

/** What verbs are called with, beside their names. Those that are not here need nothing. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  adopt: ['198.19.255.11', '--name', 'adopted'],
  backup: ['--store', 'backups', '--recipient', RECIPIENT],
  'backup list': ['--store', 'backups'],
  'backup prune': ['--store', 'backups', '--keep', 'daily=3'],
  'backup schedule': ['--node', 'etcd01', '--store', 'backups', '--recipient', RECIPIENT],
  'backup verify': ['--store', 'backups'],
  'certs client': ['somebody', '--out', 'client'],
  'certs csr': ['--out', 'requests'],
  'certs import': ['signed'],
  compact: ['--keep', '1000'],
  completion: ['bash'],
  etcdctl: ['etcd01', '--', 'version'],
  import: ['exported'],
  init: ['--out', '-', '--etcd', '198.19.255.11'],
  'member add': ['etcd04', '--address', '198.19.255.14'],
  'member remove': ['etcd03'],
  'member replace': ['etcd03'],
  'move-leader': ['etcd02'],
  reset: ['etcd03'],
  restart: ['etcd01'],
  restore: ['exported'],
  run: ['etcd', '--', 'true'],
  start: ['etcd01'],
  stop: ['etcd03'],
  upgrade: ['--to', '3.5.30', '--suite', 'sid'],
}

const FILE = `name: bench-start
ssh: { user: root }
nodes:
${['etcd01', 'etcd02', 'etcd03']
  .map((name, index) => `  - { name: ${name}, address: 198.19.255.${index + 11}, roles: [etcd] }\n`)
  .join('')}etcd:
  version: "3.5.16"
  source: { debian: { suite: trixie } }
`

/**
 * @param tool the tool's program, and `node` the Node.js that it runs with
 * @param folder a private folder of its own
 */
export async function measureStart(
  { tool, node, folder }: { readonly tool: string; readonly node: string; readonly folder: string },
  rounds: number,
): Promise<FiguresOfStart> {
  const bin = path.join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  await copyFile(path.join(import.meta.dirname, 'first-login.sh'), path.join(bin, 'ssh'))
  await chmod(path.join(bin, 'ssh'), 0o755)
  const file = path.join(folder, 'start.yaml')
  await writeFile(file, FILE)
  await writeFile(path.join(folder, 'exported'), 'no export, and no snapshot\n')
  for (const name of ['backups', 'signed']) await mkdir(path.join(folder, name), { mode: 0o700 })
  const log = path.join(folder, 'first-login')
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    BENCH_SSH: (await must(['sh', '-c', 'command -v ssh'])).output.trim(),
    BENCH_SSH_LOG: log,
  }
  const verb = async (name: string) => {
    await rm(log, { force: true })
    const words = [...name.split(' '), ...(WORDS[name] ?? [])]
    const started = performance.timeOrigin + performance.now()
    const { durationMs } = await run([tool, '-f', file, '--yes', ...words], env, folder)
    const login = await readFile(log, 'utf8').catch(() => undefined)
    return login === undefined ? durationMs : Number(login) / 1e6 - started
  }
  // What makes machines, or waits for what is written to it, has no such beginning.
  const verbs = COMMANDS.filter(({ name, hidden }) => hidden !== true && !/^lab |^probe$/.test(name)).map(
    ({ name }) => name,
  )
  const [bare, help]: number[][] = [[], []]
  const each = new Map<string, number[]>(verbs.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    bare?.push((await must([node, '-e', '0'])).durationMs)
    help?.push((await must([tool, '--help'])).durationMs)
    for (const [name, durations] of each) durations.push(await verb(name))
  }
  const nodeMilliseconds = median(bare)
  const verbMilliseconds = Object.fromEntries(
    [...each].map(([name, durations]) => [name, median(durations) - nodeMilliseconds]),
  )
  const [slowestVerb, slowestVerbMilliseconds] = Object.entries(verbMilliseconds).reduce((slowest, one) =>
    one[1] > slowest[1] ? one : slowest,
  )
  const helpMilliseconds = median(help)
  const helpOverNodeMilliseconds = helpMilliseconds - nodeMilliseconds
  return {
    helpMilliseconds,
    nodeMilliseconds,
    helpOverNodeMilliseconds,
    slowestVerb,
    slowestVerbMilliseconds,
    verbMilliseconds,
  }
}
