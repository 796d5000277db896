/** The state of a schedule for Prometheus: a file that node_exporter's textfile collector reads. */
import type { ScheduleState } from './state.ts'

interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly value: number | undefined
}

/** Times in seconds since 1970. What is not known yet is left out. */
export function renderMetrics(state: ScheduleState): string {
  const metrics: readonly Metric[] = [
    {
      name: 'last_run_timestamp_seconds',
      type: 'gauge',
      help: 'When the latest run began.',
      value: seconds(state.lastRun),
    },
    {
      name: 'last_run_failed',
      type: 'gauge',
      help: 'Whether the latest run failed.',
      value: state.problem === undefined ? 0 : 1,
    },
    {
      name: 'last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When the latest backup was in the store.',
      value: seconds(state.lastSuccess),
    },
    {
      name: 'size_bytes',
      type: 'gauge',
      help: 'Size of the latest backup.',
      value: state.backup?.sizeBytes,
    },
    {
      name: 'revision',
      type: 'gauge',
      help: 'Revision of etcd up to which the latest backup has everything.',
      value: state.backup === undefined ? undefined : Number(state.backup.revision),
    },
    {
      name: 'duration_seconds',
      type: 'gauge',
      help: 'How long the latest run took.',
      value: state.durationMs === undefined ? undefined : state.durationMs / 1000,
    },
    {
      name: 'stored',
      type: 'gauge',
      help: 'Backups of this cluster in the store.',
      value: state.stored,
    },
    { name: 'runs_total', type: 'counter', help: 'Runs.', value: state.runs },
    { name: 'failures_total', type: 'counter', help: 'Runs that failed.', value: state.failures },
  ]
  return metrics.map((metric) => render(metric, state.cluster)).join('')
}

/** A cluster's name needs no escaping: lower-case letters, digits and hyphens. */
function render({ name, type, help, value }: Metric, cluster: string): string {
  if (value === undefined) return ''
  const full = `quorate_backup_${name}`
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full}{cluster="${cluster}"} ${value}\n`
}

function seconds(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time) / 1000
}
