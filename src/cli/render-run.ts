/** What `quorate run` prints: each machine's output under the prompt it would have there. */
import { quoteCommand } from '../ssh/quote.ts'
import type { RunResult } from '../operations/run.ts'

/**
 * One machine's part as text that ends with a line end. Output passes as it is, colours and all: standard output
 * first, then standard error. An exit code other than 0 is named on a line of its own.
 */
export function renderRun(result: RunResult, argv: readonly string[]): string {
  if ('error' in result) return `${prompt('?', result.host, argv)}${errorText(result.error)}`
  const { user, host, stdout, stderr, exitCode } = result
  const failure = exitCode === 0 ? '' : `(exit code ${exitCode})\n`
  return `${prompt(user, host, argv)}${lines(stdout)}${lines(stderr)}${failure}`
}

/** The machines' parts with an empty line between them. */
export function renderRuns(results: readonly RunResult[], argv: readonly string[]): string {
  return results.map((result) => renderRun(result, argv)).join('\n')
}

function prompt(user: string, host: string, argv: readonly string[]): string {
  return `${user}@${host}:~$ ${quoteCommand(argv)}\n`
}

function errorText({ message, hint }: { message: string; hint: string | undefined }): string {
  return lines(message) + (hint === undefined ? '' : lines(hint))
}

function lines(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
