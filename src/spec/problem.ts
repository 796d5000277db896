/** A problem of a cluster file, its position, and its text. */

export type Severity = 'error' | 'warning'

export interface Problem {
  readonly severity: Severity
  /** The file's path as given. */
  readonly file: string
  /** Both count from 1. */
  readonly line: number
  readonly column: number
  /** What is wrong, and why it matters. */
  readonly message: string
  /** What to write instead. */
  readonly hint?: string
}

/** A complaint about one value, before its position is known. */
export interface Complaint {
  readonly message: string
  readonly hint?: string
}

/** At most this many problems are printed; a file with more is not a cluster file. */
const MOST_LINES = 100

/** One line, in the form that editors and terminals show as a link: `file:line:column: message; hint`. */
export function formatProblem(problem: Problem): string {
  const mark = problem.severity === 'warning' ? 'warning: ' : ''
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`
  return `${problem.file}:${problem.line}:${problem.column}: ${mark}${problem.message}${hint}`
}

/** All problems, one per line, in the file's order. */
export function formatProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MOST_LINES).map(formatProblem)
  const rest = problems.length - lines.length
  return [...lines, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n')
}

/** In the file's order; errors before warnings at the same place. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const rank = (problem: Problem) => (problem.severity === 'error' ? 0 : 1)
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column || rank(a) - rank(b))
}
