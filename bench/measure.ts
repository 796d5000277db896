/** Programs run and timed from outside, as their user would see them. */
import { spawn } from 'node:child_process'

export interface Ran {
  readonly exitCode: number
  /** Standard output and error, as they came. */
  readonly output: string
  readonly durationMs: number
}

export async function run(argv: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<Ran> {
  const [program = '', ...args] = argv
  const started = performance.now()
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { exitCode, output, durationMs: performance.now() - started }
}

/** As `run`, for what must succeed. @throws Error with the program's output. */
export async function must(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const ran = await run(argv, env)
  if (ran.exitCode === 0) return ran
  throw new Error(`${argv.join(' ')} ended with exit code ${ran.exitCode}:\n${ran.output}`)
}

export function median(values: readonly number[] = []): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]]
  if (low === undefined || high === undefined) throw new RangeError('nothing was measured')
  return (low + high) / 2
}
