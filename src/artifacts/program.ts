import { execFile } from 'node:child_process'

export interface ProgramResult {
  readonly stdout: string
  readonly stderr: string
  /** -1 if it never started or was ended by a signal. */
  readonly exitCode: number
  /** Why it never started: `ENOENT`, `EACCES` …; undefined if it did. */
  readonly notStarted: string | undefined
}

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly cwd?: string
}

/** Runs a program on the workstation to its end. Throws only when the signal fires; see `exitCode` and `notStarted`. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { env, signal, timeoutMs, cwd } = options
  signal.throwIfAborted()
  return await new Promise<ProgramResult>((resolve, reject) => {
    const settings = {
      env,
      signal,
      timeout: timeoutMs,
      maxBuffer: 64 << 20,
      ...(cwd === undefined ? {} : { cwd }),
    }
    execFile(file, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr, exitCode: 0, notStarted: undefined })
      else if (signal.aborted) reject(error)
      else if (typeof error.code === 'number')
        resolve({ stdout, stderr, exitCode: error.code, notStarted: undefined })
      else {
        const notStarted = typeof error.code === 'string' ? error.code : undefined
        const why = error.killed ? `ended after ${timeoutMs} ms` : error.message
        resolve({ stdout, stderr: `${stderr}${why}`, exitCode: -1, notStarted })
      }
    })
  })
}
