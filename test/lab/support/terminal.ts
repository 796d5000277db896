/** quorate on a terminal: util-linux's `script` provides it, and the test types. */
import { spawn } from 'node:child_process'
import { quoteCommand } from '../../../src/ssh/quote.ts'
import { type ProcessResult, exitOf } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { PROGRAM } from './run.ts'

/** What is typed once the text has appeared, after the previous input. */
export interface Turn {
  readonly question: string
  readonly line: string
}

export async function typedAt(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  turn: Turn,
): Promise<ProcessResult> {
  return await talk(lab, args, [turn])
}

/** `ahead`: typed at once, before any question. All output is in `stdout`. */
export async function talk(
  { clusterFile }: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  turns: readonly Turn[],
  ahead = '',
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
  if (ahead !== '') child.stdin.write(`${ahead}\r`)
  let stdout = ''
  let read = 0
  const left = [...turns]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    const [turn] = left
    const at = turn === undefined ? -1 : stdout.indexOf(turn.question, read)
    if (turn === undefined || at === -1) return
    left.shift()
    read = at + turn.question.length
    // Ctrl-C is not a line: a Return after it could be read first.
    child.stdin.write(turn.line === '\u0003' ? turn.line : `${turn.line}\r`)
  })
  child.stderr.resume()
  const exitCode = await exitOf(child)
  return { stdout, stderr: '', exitCode }
}
