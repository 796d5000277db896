/** Errors as an operator reads them: what, where, why, and what to do next. A bug shows its stack, and says it is one. */
import { QuorateError } from '../errors.ts'
import type { CliContext } from './context.ts'
import { systemTrouble } from './system-trouble.ts'
import { counted } from '../spec/units.ts'

/** @returns the exit code. */
export function renderError(
  context: Pick<CliContext, 'out' | 'err' | 'json' | 'colors' | 'verbose'>,
  error: unknown,
): number {
  const { colors } = context
  if (error === 'interrupted') {
    if (context.json)
      context.out(`${JSON.stringify({ error: { code: 'cancelled', message: 'interrupted' } })}\n`)
    else context.err('quorate: interrupted. Run the same command again to go on from here.\n')
    return 130
  }
  const known = error instanceof QuorateError ? error : systemTrouble(error)
  if (known) {
    if (context.json) context.out(`${JSON.stringify(errorJson(known))}\n`)
    else printError(context, known)
    return known.exitCode
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (context.json) context.out(`${JSON.stringify({ error: { code: 'bug', message: stack } })}\n`)
  else context.err(`${colors.red('quorate: this is a bug in quorate:')} ${shown(stack).join('\n    ')}\n`)
  return 70
}

/** An error as `--json` shows it. */
export function errorJson({ code, host, message, hint }: QuorateError) {
  return { error: { code, host, message, hint } }
}

export function printError(
  context: Pick<CliContext, 'err' | 'colors' | 'verbose'>,
  error: QuorateError,
): void {
  const { colors } = context
  const { host, message, hint } = error
  const [first = '', ...rest] = shown(message)
  context.err(`${colors.red('quorate:')} ${host === undefined ? '' : `${colors.bold(host)}: `}${first}\n`)
  // Indented: a line of a machine's can't look like one of ours.
  for (const line of rest) context.err(`         ${line}\n`)
  for (const line of hint === undefined ? [] : shown(hint)) context.err(`  ${colors.cyan('→')} ${line}\n`)
  if (context.verbose && error.cause !== undefined) {
    context.err(`  because: ${shown(describeCause(error.cause)).join('\n    ')}\n`)
  }
}

/** How many lines a machine may fill. */
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
