/** quorate on a terminal: util-linux's `script` gives it one, and the test types. */
import { spawn } from 'node:child_process'
import { quoteCommand } from '../../../src/ssh/quote.ts'
import { type ProcessResult, exitOf } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { PROGRAM } from './run.ts'

/** Types the line once the question has appeared. What it says is all in `stdout`. */
export async function typedAt(
  { clusterFile }: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  { question, line }: { readonly question: string; readonly line: string },
): Promise<ProcessResult> {
  const words = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    PROGRAM,
    '-f',
    clusterFile,
    ...args,
  ]
  const { CI: _, ...env } = process.env
  const child = spawn('script', ['-qec', `stty columns 200 rows 50 && ${quoteCommand(words)}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...env, TERM: 'xterm', NO_COLOR: '1' },
  })
  let stdout = ''
  let asked = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (asked || !stdout.includes(question)) return
    asked = true
    child.stdin.write(`${line}\r`)
  })
  child.stderr.resume()
  const exitCode = await exitOf(child)
  return { stdout, stderr: '', exitCode }
}
