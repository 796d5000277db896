/** The report of the availability probe, for people. */
import type { RecorderProgress } from '../recorder/report.ts'
import type { RunEvent } from '../engine/events.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'
import { counted } from '../spec/units.ts'

type Availability = Extract<RunEvent, { type: 'availability' }>
type Painter = Pick<CliContext['colors'], 'dim' | 'green' | 'red' | 'yellow' | 'cyan'>

/** One moving line with the current figures. */
export function describeProgress({ writes, reads, failed, worstGapMs }: RecorderProgress): string {
  return `availability: ${counted(writes, 'write')}, ${counted(reads, 'read')}, ${failed} failed, worst gap ${duration(worstGapMs)}`
}

/** One line, and one more for each possible impact. */
export function describeAvailability({ report, verdict }: Availability, colors: Painter): string {
  const { writes, reads, leader } = report
  const figures = [
    `${counted(writes.acknowledged, 'write')}, ${counted(reads.acknowledged, 'read')}`,
    `worst write gap ${duration(writes.worstGapMs)}`,
    `worst read gap ${duration(reads.worstGapMs)}`,
    `${writes.failed + reads.failed} failed`,
    `${report.lostWrites} lost`,
    counted(leader.changes, 'leader change'),
  ].join(', ')
  const head = verdict.unnoticed
    ? `${colors.green('✓')} no client impact: ${figures}`
    : `${colors.yellow('!')} possible client impact: ${figures}`
  return [head, ...verdict.reasons.map((reason) => `  ${colors.yellow('!')} ${oneLine(reason)}`)].join('\n')
}

/** The whole report of `quorate probe`. */
export function renderAvailability({ report, verdict }: Availability, colors: Painter): string {
  const { writes, reads, watch, leader } = report
  const rows = [
    ['', 'TRIED', 'FAILED', 'RETRIED', 'WORST GAP', 'P50', 'P90', 'P99', 'MAX'].map((title) =>
      colors.dim(title),
    ),
    ...[
      { name: 'writes', ...writes },
      { name: 'reads', ...reads },
    ].map((figures) => [
      figures.name,
      String(figures.tried),
      figures.failed > 0 ? colors.red(String(figures.failed)) : '0',
      String(figures.retried),
      duration(figures.worstGapMs),
      ...['p50', 'p90', 'p99', 'max'].map((name) =>
        duration(figures.latencyMs[name as keyof typeof figures.latencyMs]),
      ),
    ]),
  ]
  const leaders = leader.seen.map(({ member, term }) => `${member} (term ${term})`).join(', then ')
  const facts = [
    ['acknowledged writes lost', String(report.lostWrites)],
    ['stale reads', String(reads.stale)],
    ['revisions that decreased', String(report.revisionsBackwards)],
    [
      'watch',
      `${watch.events} events, ${watch.missing} missing, ${watch.duplicates} twice, resumed ${times(watch.resumed)}`,
    ],
    ['leader', leaders === '' ? 'not seen' : leaders],
    ...report.members
      .filter(({ failed }) => failed > 0)
      .map(({ name, failed, attempts, lastError }) => [
        name,
        `${failed} of ${counted(attempts, 'attempt')} failed${lastError === null ? '' : `: ${lastError}`}`,
      ]),
    ...report.troubles.map((trouble) => ['the probe', trouble]),
  ]
  const judgement = verdict.unnoticed
    ? colors.green('no impact for a client that retries')
    : verdict.reasons.map((reason) => `${colors.red('✗')} ${oneLine(reason)}`).join('\n')
  return `${renderTable(rows)}\n${renderTable(facts)}\n${judgement}\n`
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 0 ? 'never' : counted(count, 'time')
}

function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  return `${ms < 10 ? ms : Math.round(ms)} ms`
}
