/**
 * One run of `go`: detached from the terminal, stopped together with everything that it started, with the end of its
 * output.
 */
import { spawn } from 'node:child_process'

export interface GoRun {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export interface GoResult {
  /** As a shell counts it. */
  readonly exitCode: number
  /** The end of its error output. */
  readonly stderr: string
  readonly timedOut: boolean
}

/** How much of its output is kept, in characters: Go's reason is at the end. */
const KEPT = 16_384

/** @throws the signal's reason; the system's error if it can't be started */
export async function runGo(program: string, args: readonly string[], run: GoRun): Promise<GoResult> {
  const { env, cwd, signal, timeoutMs } = run
  signal.throwIfAborted()
  // In a separate process group: otherwise, compilers that outlive `go` would continue to write into a directory that
  // is being removed.
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const end = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end()
  }, timeoutMs)
  signal.addEventListener('abort', end, { once: true })
  // Ctrl-C reaches only the foreground group: without this, a quorate that ends at once would leave the compilers
  // running.
  process.once('exit', end)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT)))
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 137))
    })
    signal.throwIfAborted()
    return { exitCode, stderr, timedOut }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    process.removeListener('exit', end)
  }
}
