/** The preflight report as a plain table, grouped by node. */
import { type Check, type CheckResult, type PreflightReport, summarize } from '../preflight/checks.ts'
import { oneLine } from '../spec/visible.ts'
import { counted } from '../spec/units.ts'

/** Paints a piece of text; the text itself stays unchanged. */
export type PreflightPainter = Readonly<Record<CheckResult, (text: string) => string>>

export interface PreflightFormat {
  /** Shows every check that is ok; otherwise only their number. */
  readonly verbose?: boolean | undefined
  readonly painter?: PreflightPainter | undefined
}

const PLAIN: PreflightPainter = { ok: (text) => text, warning: (text) => text, failure: (text) => text }

const RESULT_WIDTH = 'warning'.length

/**
 * One block per host, one line per check: result, title, what was found. Below it: what is required, and the fix. Ends
 * with a count and a line break.
 */
export function formatReport(report: PreflightReport, format: PreflightFormat = {}): string {
  const { verbose = false, painter = PLAIN } = format
  const hosts = [...new Set(report.checks.map(({ host }) => host))]
  const shown = report.checks.filter(({ result }) => verbose || result !== 'ok')
  const titleWidth = Math.max(0, ...shown.map((check) => titleOf(check).length))
  const blocks = hosts.map((host) => {
    const checks = report.checks.filter((check) => check.host === host)
    const fine = checks.filter(({ result }) => result === 'ok').length
    const collapsed = fine > 0 && !verbose ? [`  ${label('ok', painter)}  ${counted(fine, 'check')}`] : []
    const rows = checks
      .filter((check) => shown.includes(check))
      .flatMap((check) => row(check, titleWidth, painter))
    return [host ?? 'all nodes', ...collapsed, ...rows].join('\n')
  })
  const { ok, warnings, failures } = summarize(report)
  const summary = [
    `${ok} ok`,
    paintIf(warnings > 0, painter.warning, counted(warnings, 'warning')),
    paintIf(failures > 0, painter.failure, counted(failures, 'failure')),
  ].join(', ')
  return `${[...blocks, summary].join('\n\n')}\n`
}

function row(check: Check, titleWidth: number, painter: PreflightPainter): string[] {
  const head = `  ${label(check.result, painter)}  ${titleOf(check).padEnd(titleWidth)}  ${oneLine(check.found)}`
  if (check.result === 'ok') return [head]
  const indent = ' '.repeat(2 + RESULT_WIDTH + 2 + titleWidth + 2)
  return [
    head,
    ...(check.wanted === undefined ? [] : [`${indent}wanted: ${oneLine(check.wanted)}`]),
    ...(check.remedy === undefined ? [] : [`${indent}fix: ${oneLine(check.remedy)}`]),
  ]
}

function titleOf({ subject, title }: Check): string {
  return subject === undefined ? title : `${subject}  ${title}`
}

/** Padded before it is colored, because escape sequences have no width. */
function label(result: CheckResult, painter: PreflightPainter): string {
  return painter[result](result.padEnd(RESULT_WIDTH))
}

function paintIf(condition: boolean, paint: (text: string) => string, text: string): string {
  return condition ? paint(text) : text
}
