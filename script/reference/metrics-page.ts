/** docs/reference/metrics.md: what quorate writes for Prometheus, and where etcd serves its own metrics. */
import { BACKUP_METRICS, METRIC_PREFIX } from '../../src/schedule/metrics.ts'
import { PLACES } from '../../src/schedule/places.ts'
import { DEFAULTS } from '../../src/spec/defaults.ts'
import { GENERATED_NOTE, code, table } from './markdown.ts'

export function metricsPage(): string {
  const rows = BACKUP_METRICS.map(({ name, type, help }) => [code(`${METRIC_PREFIX}${name}`), type, help])
  return `# Metrics

${GENERATED_NOTE}
This page lists the metrics that quorate writes, and where etcd serves its own.

## Scheduled backups

The node that [takes backups](../guides/backup-schedule.md) writes these metrics after each run, to \`${PLACES.metrics}\`. The file is
replaced atomically. The textfile collector of node_exporter reads it: \`quorate backup schedule --metrics DIR\` puts a link to the file
into its directory.

${table(['metric', 'type', 'meaning'], rows)}
Each metric has the label \`cluster\`, the name of the cluster. A metric whose value is not known yet is missing. Times are in seconds
since 1970.

Alert when the latest success is older than two periods, here for hourly backups:

\`\`\`yaml
- alert: EtcdBackupTooOld
  expr: time() - ${METRIC_PREFIX}last_success_timestamp_seconds > 7200
\`\`\`

## etcd

quorate does not read or change the metrics of etcd. \`etcd.metrics\` in the [cluster file](cluster-file.md#metrics) decides who can read
them; the default is \`${DEFAULTS.etcd.metrics}\`.

| value | where | who can read |
| --- | --- | --- |
| \`local\` | \`http://127.0.0.1:2381/metrics\` on each etcd node, and the client port | every local user of the node; on the client port, clients with a certificate |
| \`clients\` | \`https://ADDRESS:${DEFAULTS.etcd.clientPort}/metrics\` | clients with a certificate |

The setting \`listen-metrics-urls\` replaces the local listener by [others](cluster-file.md#more-listeners). etcd's documentation
describes the metrics themselves.
`
}
