/** A program run on this computer, with its output and end as one result. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface ProcessOptions {
  readonly stdin?: string | Uint8Array | Readable | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly signal?: AbortSignal | undefined
  readonly onStdout?: ((text: string) => void) | undefined
  readonly onStderr?: ((text: string) => void) | undefined
}

export interface ProcessResult {
  readonly stdout: string
  readonly stderr: string
  /** As a shell counts: 128 + signal number for a process ended by a signal. */
  readonly exitCode: number
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 }

/**
 * Runs a program to its end.
 *
 * @throws the signal's reason when aborted; the system's error when the program can't be started; what the input
 * stream threw. A non-zero exit code is a result, not an error.
 */
export async function runProcess(file: string, args: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
  options.signal?.throwIfAborted()
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env })
  const stop = () => child.kill('SIGTERM')
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    const [exitCode, stdout, stderr] = await Promise.all([
      exitOf(child),
      collect(child.stdout, options.onStdout),
      collect(child.stderr, options.onStderr),
      feed(child, options.stdin),
    ])
    options.signal?.throwIfAborted()
    return { stdout, stderr, exitCode }
  } finally {
    options.signal?.removeEventListener('abort', stop)
  }
}

/** Resolves with the exit code; rejects if the program could not be started. */
export async function exitOf(child: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + ((signal && SIGNAL_NUMBERS[signal]) || 15)))
  })
}

async function collect(stream: Readable, onText: ((text: string) => void) | undefined): Promise<string> {
  let all = ''
  stream.setEncoding('utf8')
  for await (const text of stream as AsyncIterable<string>) {
    all += text
    onText?.(text)
  }
  return all
}

/** A program that ends without reading all of its input is its own business: its exit code tells. */
async function feed(child: ChildProcess, input: ProcessOptions['stdin']): Promise<void> {
  const { stdin } = child
  if (stdin === null) return
  try {
    if (input instanceof Readable) await pipeline(input, stdin)
    else await new Promise<void>((resolve, reject) => {
      stdin.once('error', reject)
      stdin.end(input ?? '', () => resolve())
    })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ERR_STREAM_DESTROYED') {
      child.kill('SIGTERM')
      throw error
    }
  }
}
