/** The preview, question and report of `backup schedule`. */
import type { SchedulePreview, ScheduleReport } from '../verbs/schedule/schedule.ts'
import type { DesiredSchedule } from '../verbs/schedule/desired.ts'
import { counted, formatBytes } from '../spec/units.ts'
import type { BackupStatus } from '../verbs/status/backups.ts'
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'
import { UNCHANGED } from './unchanged.ts'

type Colors = CliContext['colors']

export function renderSchedulePreview({ desired, changes, unseen }: SchedulePreview, colors: Colors): string {
  const hosts = [...new Set(changes.map(({ host }) => host))]
  const sections = hosts.map((host) => {
    const own = changes.filter((change) => change.host === host)
    const lines = own.map(({ kind, what, why }) => {
      const sign = kind === 'remove' || kind === 'drop' ? colors.red('-') : colors.yellow('~')
      return `  ${sign} ${oneLine(what)} ${colors.dim(`(${oneLine(why)})`)}\n`
    })
    return `${colors.bold(host)}\n${lines.join('')}`
  })
  const missed =
    unseen.length === 0
      ? []
      : [
          `${colors.yellow('!')} ${unseen.join(', ')} unreachable: a schedule on such a node would continue next to this one\n`,
        ]
  return [...(desired === undefined ? [] : [describe(desired)]), ...sections, ...missed].join('\n')
}

export function scheduleQuestion({ desired, changes }: SchedulePreview): string {
  if (desired === undefined) {
    return 'Remove the backup schedule? Existing backups stay.'
  }
  const issued = changes.some(({ kind }) => kind === 'certificate')
  const risk = issued
    ? `This issues a client certificate for the backups: root on ${desired.node.name} can then read and write all of etcd.`
    : `The schedule changes on ${desired.node.name} as shown.`
  return `${risk} Continue?`
}

export function renderScheduleReport(report: ScheduleReport, colors: Colors): string {
  const { node, next, first, changed } = report
  if (node === null)
    return changed
      ? 'removed the schedule: no node takes scheduled backups\n'
      : `${UNCHANGED}: no node takes scheduled backups\n`
  const when = next === null ? '' : `; the next one: ${next}`
  if (!changed) return `${UNCHANGED}: ${node} takes the backups${when}\n`
  const proof =
    first === null || first === undefined
      ? ''
      : `  first: ${first.name}, ${formatBytes(first.sizeBytes)}, revision ${first.revision}\n`
  return `${colors.green('✓')} ${node} now takes the backups${when}\n${proof}`
}

function describe({ node, every, keep, store, recipients }: DesiredSchedule): string {
  const where =
    store.kind === 'directory' ? `${store.path} on ${node.name}` : `s3://${store.bucket}/${store.prefix}`
  const counts = Object.entries(keep).map(([kind, count]) => `${count} ${kind}`)
  const readers = recipients.length === 1 ? 'one public key' : counted(recipients.length, 'public key')
  return `${node.name} takes backups (${every}) into ${where}, encrypted to ${readers}; retention: ${counts.join(', ')}\n`
}

/** A line of `status`. Problems are above it. */
export function renderBackups(status: BackupStatus, now: Date): string {
  const { node, every, lastSuccess, backup, next, stored, lastProven } = status
  const latest =
    lastSuccess === null || backup === null
      ? 'none so far'
      : `latest ${span(now.getTime() - Date.parse(lastSuccess))} ago, revision ${backup.revision}, ${formatBytes(backup.sizeBytes)}`
  const coming = next === null ? '' : `; next in ${span(Date.parse(next) - now.getTime())}`
  const kept = stored === null ? '' : `; ${stored} stored`
  const proven = lastProven === null ? 'no test restore yet' : `last test restore: ${lastProven}`
  return `backups: ${node}, ${every}; ${latest}${coming}${kept}; ${proven}\n`
}

/** Rounded. */
function span(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : counted(Math.round(hours / 24), 'day')
}
