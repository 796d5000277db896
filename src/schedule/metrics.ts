/** The state of a schedule for Prometheus: a file that node_exporter's textfile collector reads. */
import type { ScheduleState } from './state.ts'

interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly value: (state: ScheduleState) => number | undefined
}

/** Before each name. */
export const METRIC_PREFIX = 'quorate_backup_'

/** Times in seconds since 1970. */
export const BACKUP_METRICS: readonly Metric[] = [
  {
    name: 'last_run_timestamp_seconds',
    type: 'gauge',
    help: 'When the latest run began.',
    value: (state) => seconds(state.lastRun),
  },
  {
    name: 'last_run_failed',
    type: 'gauge',
    help: 'Whether the latest run failed.',
    value: (state) => (state.problem === undefined ? 0 : 1),
  },
  {
    name: 'last_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the latest backup was in the store.',
    value: (state) => seconds(state.lastSuccess),
  },
  {
    name: 'size_bytes',
    type: 'gauge',
    help: 'Size of the latest backup.',
    value: (state) => state.backup?.sizeBytes,
  },
  {
    name: 'revision',
    type: 'gauge',
    help: 'Revision of etcd up to which the latest backup has everything.',
    value: (state) => (state.backup === undefined ? undefined : Number(state.backup.revision)),
  },
  {
    name: 'duration_seconds',
    type: 'gauge',
    help: 'How long the latest run took.',
    value: (state) => (state.durationMs === undefined ? undefined : state.durationMs / 1000),
  },
  {
    name: 'stored',
    type: 'gauge',
    help: 'Backups of this cluster in the store.',
    value: (state) => state.stored,
  },
  { name: 'runs_total', type: 'counter', help: 'Runs.', value: (state) => state.runs },
  { name: 'failures_total', type: 'counter', help: 'Runs that failed.', value: (state) => state.failures },
]

/** Omits values that are not known yet. */
export function renderMetrics(state: ScheduleState): string {
  return BACKUP_METRICS.map((metric) => render(metric, state)).join('')
}

/** A cluster's name needs no escaping: lower-case letters, digits and hyphens. */
function render({ name, type, help, value }: Metric, state: ScheduleState): string {
  const number = value(state)
  if (number === undefined) return ''
  const full = `${METRIC_PREFIX}${name}`
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full}{cluster="${state.cluster}"} ${number}\n`
}

function seconds(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time) / 1000
}
