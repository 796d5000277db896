/** The output of `quorate run`: each node's output below a shell prompt. */
import { quoteCommand } from '../ssh/quote.ts'
import type { RunResult } from '../verbs/machines/run.ts'
import type { Colors } from './styles.ts'

/**
 * One node's part as text that ends with a line end. The output is unchanged, colors included: standard output first,
 * then standard error. An exit code other than 0 is on a line of its own.
 */
export function renderRun(
  result: RunResult,
  argv: readonly string[],
  { bold }: Pick<Colors, 'bold'> = { bold: (text) => text },
): string {
  // Bold, if there are colors: the output of a node can look like a prompt, but not like this one.
  const prompt = (user: string, host: string) => `${bold(`${user}@${host}:~$ ${quoteCommand(argv)}`)}\n`
  if ('error' in result) return `${prompt('?', result.host)}${errorText(result.error)}`
  const { user, host, stdout, stderr, exitCode } = result
  const failure = exitCode === 0 ? '' : `(exit code ${exitCode})\n`
  return `${prompt(user, host)}${lines(stdout)}${lines(stderr)}${failure}`
}

/** The parts of all nodes, separated by empty lines. */
export function renderRuns(results: readonly RunResult[], argv: readonly string[]): string {
  return results.map((result) => renderRun(result, argv)).join('\n')
}

function errorText({ message, hint }: { message: string; hint: string | undefined }): string {
  return lines(message) + (hint === undefined ? '' : lines(hint))
}

function lines(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
