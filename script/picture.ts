/** Draws docs/images/apply.svg from docs/images/apply.cast, fills in README's example output, and records on nodes in the lab. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fillPage } from '../bench/fill.ts'
import { drawRecording, recordedOutput } from './terminal-svg.ts'

const HELP = `usage: script/picture [--record]

Draws docs/images/apply.svg from the recording docs/images/apply.cast, and writes the output of its last command into
README.md. The same recording gives the same picture.

  --record  record first: boot three nodes in the lab, run quorate in a terminal, remove the nodes (root, Debian)
`

const root = path.resolve(import.meta.dirname, '..')
const RECORDING = path.join(root, 'docs/images/apply.cast')
const PICTURE = path.join(root, 'docs/images/apply.svg')
const COMMANDS = ['quorate apply --yes', 'quorate apply', 'quorate status']
/** Columns and rows of the terminal. */
const [WIDTH, HEIGHT] = [100, 50]

const CLUSTER_FILE = `name: prod
ssh: { user: root, identityFile: .quorate/prod/lab/id_ed25519 }
nodes:
  - { name: etcd01, address: 198.18.10.11, roles: [etcd] }
  - { name: etcd02, address: 198.18.10.12, roles: [etcd] }
  - { name: etcd03, address: 198.18.10.13, roles: [etcd] }
etcd: { version: "3.6.16", source: { modules: {} } }
`

async function main(words: readonly string[]): Promise<number> {
  if (words.some((word) => word !== '--record')) {
    process.stdout.write(HELP)
    return words.includes('--help') || words.includes('-h') ? 0 : 64
  }
  if (words.includes('--record')) await writeFile(RECORDING, await record())
  const recording = await readFile(RECORDING, 'utf8')
  await writeFile(PICTURE, await drawRecording(recording))
  const lines = (await recordedOutput(recording)).get('quorate status') ?? []
  await fillPage(path.join(root, 'README.md'), 'status', `\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`)
  return 0
}

/** @returns an asciicast, version 2: a header, then one line for each piece of output; a marker (`m`) starts each command */
async function record(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'quorate-picture-'))
  const environment = { ...process.env, PATH: `${root}:${process.env['PATH'] ?? ''}`, TERM: 'xterm-256color' }
  const started = performance.now()
  const lines: unknown[] = []
  const event = (kind: 'm' | 'o', text: string) =>
    lines.push([Number(((performance.now() - started) / 1000).toFixed(3)), kind, text])
  const run = async (words: readonly string[], said: (text: string) => void) =>
    await new Promise<void>((resolve, reject) => {
      const [program = '', ...rest] = words
      const child = spawn(program, rest, {
        cwd: directory,
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child.stdout.setEncoding('utf8').on('data', said)
      child.on('error', reject)
      child.on('close', (code) => {
        if (code === 0) resolve()
        else reject(new Error(`${words.join(' ')}: exit code ${code}`))
      })
    })
  try {
    await writeFile(path.join(directory, 'cluster.yaml'), CLUSTER_FILE, { mode: 0o600 })
    await run(['quorate', 'lab', 'up'], () => undefined)
    for (const command of COMMANDS) {
      // etcd raises the version of a new cluster a few seconds after its start. Until then `status` has a note about
      // that.
      if (command === 'quorate status') await delay(10_000)
      event('m', command)
      const inTerminal = `stty cols ${WIDTH} rows ${HEIGHT}; exec ${command}`
      await run(['script', '--quiet', '--return', '--command', inTerminal, '/dev/null'], (text) =>
        event('o', text),
      )
    }
  } finally {
    await run(['quorate', 'lab', 'down', '--purge'], () => undefined)
    await rm(directory, { recursive: true, force: true })
  }
  const title = 'quorate on three nodes in the lab, recorded by script/picture --record'
  const header = {
    version: 2,
    width: WIDTH,
    height: HEIGHT,
    timestamp: Math.round(Date.now() / 1000),
    title,
  }
  return [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}

process.exitCode = await main(process.argv.slice(2))
