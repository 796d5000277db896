/**
 * quorate in a process that has run it before: modules loaded, code compiled. The suite runs quorate thousands of
 * times, and most of the time of a short run is its start. One process handles one call at a time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { type ProcessResult, exitOf } from '../../../src/ssh/process.ts'

const SERVER = path.resolve(import.meta.dirname, 'warm-process.mjs')
/** Each call leaves its entry module in memory. */
const MOST_CALLS = 200
/** In MiB, before V8 collects garbage in the old generation. It starts with less, and what is loaded is not garbage. */
const LIVES_LONG = 256

export interface WarmOptions {
  readonly env: NodeJS.ProcessEnv
  /** Default: this process's own. */
  readonly cwd?: string | undefined
  /** Called with every line of standard output as it comes. */
  readonly onLine?: ((line: string, child: ChildProcess) => void) | undefined
}

/** Runs the program; output and exit code are the same as in a new process. */
export type Warm = (args: readonly string[], options: WarmOptions) => Promise<ProcessResult>

export function warm(program: string): Warm {
  const idle: WarmProcess[] = []
  return async (args, options) => {
    const server = takeLiving(idle) ?? new WarmProcess(program)
    const result = await server.call(args, options)
    if (server.alive && server.calls < MOST_CALLS) idle.push(server)
    else server.end()
    return result
  }
}

/** A process that died since its last call is discarded. */
function takeLiving(idle: WarmProcess[]): WarmProcess | undefined {
  for (;;) {
    const server = idle.pop()
    if (server === undefined || server.alive) return server
  }
}

class WarmProcess {
  calls = 0
  alive = true
  readonly #child: ChildProcess
  readonly #exited: Promise<number>
  readonly #output: readonly [Output, Output]

  constructor(program: string) {
    const flags = ['--disable-warning=ExperimentalWarning', `--initial-old-space-size=${LIVES_LONG}`]
    const words = [...flags, SERVER, program]
    this.#child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) throw new TypeError('no pipes')
    this.#output = [new Output(stdout), new Output(stderr)]
    this.#exited = exitOf(this.#child).finally(() => (this.alive = false))
    // Not awaited while the process is idle.
    this.#exited.catch(() => undefined)
  }

  async call(
    args: readonly string[],
    { env, cwd = process.cwd(), onLine }: WarmOptions,
  ): Promise<ProcessResult> {
    this.calls += 1
    const mark = `\0end of call ${randomUUID()}\0`
    const ended = new Promise<number>((resolve) => {
      this.#child.once('message', (message) => resolve((message as { exitCode: number }).exitCode))
    })
    const said = this.#output.map(async (output) => await output.ends(mark))
    this.#output[0].onLine = (line) => onLine?.(line, this.#child)
    this.#child.send({ args, env, cwd, mark })
    // A call that ends its process, as an invalid command line does, ends this one.
    const exitCode = await Promise.race([Promise.all([ended, ...said]).then(([code]) => code), this.#exited])
    this.#child.removeAllListeners('message')
    const [stdout, stderr] = this.#output.map((output) => output.take(mark))
    return { stdout: stdout ?? '', stderr: stderr ?? '', exitCode }
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}

/** One of the process's two outputs, which continues from call to call. */
class Output {
  /** Called with every line of the call. */
  onLine: (line: string) => void = () => undefined
  #text = ''
  /** The start of the incomplete line in the text. */
  #told = 0
  #look: () => void = () => undefined

  constructor(stream: Readable) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      this.#text += piece
      this.#tell()
      this.#look()
    })
  }

  /** Resolves when the text ends with the mark. */
  async ends(mark: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (this.#text.endsWith(mark)) resolve()
      }
      this.#look()
    })
  }

  /** The output, without the mark. */
  take(mark: string): string {
    const text = this.#text.endsWith(mark) ? this.#text.slice(0, -mark.length) : this.#text
    this.#text = ''
    this.#told = 0
    return text
  }

  #tell(): void {
    for (
      let end = this.#text.indexOf('\n', this.#told);
      end !== -1;
      end = this.#text.indexOf('\n', this.#told)
    ) {
      const line = this.#text.slice(this.#told, end)
      this.#told = end + 1
      this.onLine(line)
    }
  }
}
