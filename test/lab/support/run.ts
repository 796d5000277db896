/** quorate as a process that a test can watch, stop and kill. */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { type ProcessResult, exitOf } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { checkOutput } from './output-schema.ts'

/** The built program; `$QUORATE_CLI` selects another build. */
export const PROGRAM =
  process.env['QUORATE_CLI'] ?? path.resolve(import.meta.dirname, '../../../dist/cli/program.js')

export interface QuorateOptions {
  /** Called with every line of standard output as it comes. */
  readonly onLine?: ((line: string, child: ChildProcess) => void) | undefined
  /** Additional environment variables. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

export interface RunningQuorate {
  readonly child: ChildProcess
  readonly ended: Promise<ProcessResult>
}

/** Starts it; its end is awaited separately, whatever the exit code. */
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
