/** A program run on the workstation, with its output and end as one result. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Readable } from 'node:stream'
import { type InputFile, isInputFile, openInput } from './input-file.ts'
import { counted } from '../spec/units.ts'

/**
 * A program's input. Of an iterable, each piece is written before the next one is requested, so that a source can use the
 * memory of one piece for all.
 */
export type Input = string | Uint8Array | Readable | AsyncIterable<Uint8Array> | InputFile

export interface ProcessOptions {
  readonly stdin?: Input | undefined
  /** The input is read only after this has resolved; a file is always read from its beginning. */
  readonly ready?: Promise<unknown> | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly signal?: AbortSignal | undefined
  /** Called when the program must end early: it then has `STOP_GRACE_MS` before it is killed. */
  readonly onStop?: (() => void) | undefined
  /** Asks the other side to kill it if `stop` had no effect; it is killed locally a moment later. */
  readonly onKill?: (() => void) | undefined
  /** Detached from the terminal: Ctrl-C doesn't reach the program, and it can't prompt. */
  readonly detached?: boolean | undefined
  /** How output becomes text; `latin1` makes each byte one character. */
  readonly encoding?: 'utf8' | 'latin1' | undefined
  readonly onStdout?: ((text: string) => void) | undefined
  readonly onStderr?: ((text: string) => void) | undefined
  /** false: output goes only to the callbacks, and the result's is empty. */
  readonly keep?: boolean | undefined
  /** Maximum length of stdout and of stderr, in characters; more ends the program with an error. */
  readonly maxLength?: number | undefined
}

export interface ProcessResult {
  readonly stdout: string
  readonly stderr: string
  /** As a shell counts: 128 + signal number for a process ended by a signal. */
  readonly exitCode: number
}

/** Default maximum output of a program on the workstation. None that quorate runs prints a tenth of it. */
const MAX_LENGTH = 64 * 1024 ** 2
const STOP_GRACE_MS = 3000
const STOP_STEP_MS = 500
const KILL_GRACE_MS = 1500

/**
 * Runs a program to its end.
 *
 * @throws the signal's reason when aborted; the system's error when the program can't be started; what the input
 * stream or a callback threw. A non-zero exit code is a result, not an error.
 */
export async function runProcess(
  file: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  options.signal?.throwIfAborted()
  await using input = isInputFile(options.stdin) ? await openInput(options.stdin) : undefined
  const settings = {
    stdio: [input?.fd ?? 'pipe', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    detached: options.detached ?? false,
  } satisfies SpawnOptions
  const child = spawn(file, args, settings)
  const { stdout: out, stderr: err } = child
  // Can't happen with pipes.
  if (out === null || err === null) throw new TypeError('a program without output')
  const stop = stopper(child, options.onStop, options.onKill)
  options.signal?.addEventListener('abort', stop.begin, { once: true })
  const exited = exitOf(child)
  let failure: { readonly reason: unknown } | undefined
  const stopOnFailure = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      // The first error is the cause; the others follow from stopping the program.
      failure ??= { reason: error }
      stop.begin()
      throw error
    }
  }
  const settled = await Promise.allSettled([
    exited,
    stopOnFailure(collect(out, options, options.onStdout)),
    stopOnFailure(collect(err, options, options.onStderr)),
    stopOnFailure(feed(child, exited, options)),
  ])
  stop.end()
  options.signal?.removeEventListener('abort', stop.begin)
  options.signal?.throwIfAborted()
  if (failure !== undefined) throw failure.reason
  const [code, stdout, stderr] = settled
  return { stdout: valueOf(stdout), stderr: valueOf(stderr), exitCode: valueOf(code) }
}

function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}

/** Runs a program on the terminal of this process. @returns its exit code @throws the system's error when it can't be started */
export async function onTerminal(file: string, args: readonly string[]): Promise<number> {
  return await exitOf(spawn(file, args, { stdio: 'inherit' }))
}

/** Resolves with the exit code; rejects if the program could not be started. */
export async function exitOf(child: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
  })
}

/** Ends a program: first with `stop`, repeatedly because it may only just have started, later with a signal. */
function stopper(
  child: ChildProcess,
  kindly: (() => void) | undefined,
  onKill: (() => void) | undefined,
): { begin: () => void; end: () => void } {
  let timer: NodeJS.Timeout | undefined
  const kill = () => {
    child.kill('SIGTERM')
    // Don't wait for other processes that hold the other ends of its pipes.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  let patienceMs = kindly === undefined ? 0 : STOP_GRACE_MS
  const step = () => {
    if (patienceMs > 0) {
      kindly?.()
      timer = setTimeout(step, STOP_STEP_MS)
    } else if (onKill === undefined) kill()
    else {
      // The request to kill it must arrive on the other side first; then the program ends by itself.
      onKill()
      timer = setTimeout(kill, KILL_GRACE_MS)
    }
    patienceMs -= STOP_STEP_MS
  }
  return {
    begin: () => {
      if (timer === undefined) step()
    },
    end: () => clearTimeout(timer),
  }
}

async function collect(
  stream: Readable,
  { encoding, keep = true, maxLength = MAX_LENGTH }: ProcessOptions,
  onText: ((text: string) => void) | undefined,
): Promise<string> {
  let all = ''
  stream.setEncoding(encoding ?? 'utf8')
  for await (const text of stream as AsyncIterable<string>) {
    if (keep) all += text
    if (all.length > maxLength) throw new Error(`more than ${counted(maxLength, 'character')} of output`)
    onText?.(text)
  }
  return all
}

/**
 * Writes the program's input. A program may end without reading all of it: its exit code counts. After a
 * failure the input is not closed, so that the program doesn't take a part for the whole.
 */
async function feed(child: ChildProcess, exited: Promise<number>, options: ProcessOptions): Promise<void> {
  const { stdin } = child
  if (stdin === null || isInputFile(options.stdin)) return
  let gone = false
  const closed = new Promise<void>((resolve) => {
    const leave = () => {
      gone = true
      resolve()
    }
    stdin.on('error', leave).once('close', leave)
    exited.then(leave, leave)
  })
  if (options.ready !== undefined) await Promise.race([options.ready, closed])
  // Not consumed, so that it can be used for another attempt.
  if (gone) return
  const { stdin: input = '' } = options
  // A source that blocks would otherwise make quorate wait after the program has ended.
  if (input instanceof Readable) void closed.then(() => input.destroy())
  try {
    for await (const piece of piecesOf(input)) {
      if (gone) return
      await Promise.race([new Promise((resolve) => stdin.write(piece, resolve)), closed])
    }
  } catch (error) {
    if (gone) return
    throw error
  }
  stdin.end()
  await closed
}

function piecesOf(
  input: Exclude<Input, InputFile>,
): AsyncIterable<string | Uint8Array> | readonly (string | Uint8Array)[] {
  return typeof input === 'string' || input instanceof Uint8Array ? [input] : input
}
