/** quorate as a process that a test can watch, stop and kill. */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { type ProcessResult, exitOf } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { checkOutput } from './output-schema.ts'

/** The built program; another build than the checkout's can be tried with `$QUORATE_CLI`. */
export const PROGRAM =
  process.env['QUORATE_CLI'] ?? path.resolve(import.meta.dirname, '../../../dist/cli/program.js')

export interface QuorateOptions {
  /** Told of every line of standard output as it comes. */
  readonly onLine?: ((line: string, child: ChildProcess) => void) | undefined
  /** Further variables of the environment. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

export interface RunningQuorate {
  readonly child: ChildProcess
  readonly ended: Promise<ProcessResult>
}

/** Begins; the end, whatever the exit code, is awaited apart. */
export function startQuorate(
  { clusterFile }: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  { onLine, env }: QuorateOptions = {},
): RunningQuorate {
  const words = ['--disable-warning=ExperimentalWarning', PROGRAM, '-f', clusterFile, ...args]
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let stdout = ''
  let stderr = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine?.(line, child)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = exitOf(child).then((exitCode) => {
    checkOutput(args, stdout)
    return { stdout, stderr, exitCode }
  })
  return { child, ended }
}
