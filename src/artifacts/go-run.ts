/** One run of `go`: away from the terminal, ended with everything that it started, its complaints kept up to a bound. */
import { spawn } from 'node:child_process'

export interface GoRun {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export interface GoResult {
  /** As a shell counts them. */
  readonly exitCode: number
  /** The last of what it said. */
  readonly stderr: string
  readonly timedOut: boolean
}

/** Of its last words, in characters: Go's reason stands at the end. */
const KEPT = 16_384

/** @throws the signal's reason; the system's error if it can't be started */
export async function runGo(program: string, args: readonly string[], run: GoRun): Promise<GoResult> {
  const { env, cwd, signal, timeoutMs } = run
  signal.throwIfAborted()
  // In a process group of its own: compilers that outlive `go` would go on writing into a directory that is being removed.
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
  // Ctrl-C reaches only the group in front: without this a quorate that ends at once would leave the compilers at work.
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
