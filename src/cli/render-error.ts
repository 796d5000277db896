/**
 * Errors as an operator reads them:
 *
 *     error: NODE: what failed: cause
 *
 *       impact: what it means for the cluster
 *       fix: what to do next
 *       docs: where to read more
 *
 * A bug shows its stack, and says that it is a bug.
 */
import { QuorateError } from '../errors.ts'
import { counted } from '../spec/units.ts'
import type { CliContext } from './context.ts'
import { systemTrouble } from './system-trouble.ts'
import { errorJson } from './output/error-json.ts'
import { printErrorJson } from './output/print-json.ts'

type ErrorContext = Pick<CliContext, 'out' | 'err' | 'json' | 'colors' | 'verbose'>

/** @returns the exit code. */
export function renderError(context: ErrorContext, error: unknown): number {
  const known = error instanceof QuorateError ? error : systemTrouble(error)
  if (known) {
    if (context.json) printErrorJson(context, errorJson(known))
    else printError(context, known)
    return known.exitCode
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (context.json) printErrorJson(context, { code: 'bug', message: stack })
  else context.err(`${context.colors.red('error:')} bug in quorate: ${shown(stack).join('\n    ')}\n`)
  return 70
}

export function printError(
  context: Pick<ErrorContext, 'err' | 'colors' | 'verbose'>,
  error: QuorateError,
): void {
  const { red, bold } = context.colors
  const { host, message, impact, hint } = error
  const [first = '', ...rest] = shown(message)
  context.err(`${red('error:')} ${host === undefined ? '' : `${bold(host)}: `}${first}\n`)
  // Indented, so that a line from a node can't look like one of quorate's.
  for (const line of rest) context.err(`       ${line}\n`)
  context.err('\n')
  printNotes(context, 'impact', impact)
  printNotes(context, 'fix', hint)
  printNotes(context, 'docs', docsOf(error))
  if (context.verbose && error.cause !== undefined) {
    context.err(`  because: ${shown(describeCause(error.cause)).join('\n    ')}\n`)
  }
}

function printNotes(
  { err, colors }: Pick<ErrorContext, 'err' | 'colors'>,
  label: string,
  text: string | undefined,
): void {
  if (text === undefined) return
  const [first = '', ...rest] = shown(text)
  err(`  ${colors.cyan(`${label}:`)} ${first}\n`)
  for (const line of rest) err(`  ${' '.repeat(label.length + 1)} ${line}\n`)
}

/** There is no website yet. This works offline, and matches the version that failed. One line for each ID. */
function docsOf({ code, ids }: QuorateError): string {
  const topics = ids.length === 0 ? [code] : ids.map((id) => `${code}/${id}`)
  return topics.map((topic) => `quorate explain ${topic}`).join('\n')
}

/** The most lines that text from a node may use. */
const MOST_LINES = 60

function shown(text: string): readonly string[] {
  const lines = text.split('\n')
  if (lines.length <= MOST_LINES) return lines
  return [...lines.slice(0, MOST_LINES), `… ${counted(lines.length - MOST_LINES, 'more line')}`]
}

function describeCause(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(describeCause).join('; ')
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
