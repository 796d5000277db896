/** What `backup schedule` is about to do, asks, and has done. */
import type { SchedulePreview, ScheduleReport } from '../verbs/schedule/schedule.ts'
import type { DesiredSchedule } from '../verbs/schedule/desired.ts'
import { counted, formatBytes } from '../spec/units.ts'
import type { BackupStatus } from '../verbs/status/backups.ts'
import type { CliContext } from './context.ts'
import { oneLine } from '../spec/visible.ts'

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
          `${colors.yellow('!')} ${unseen.join(', ')} can't be looked at: a schedule there would go on beside this one\n`,
        ]
  return [...(desired === undefined ? [] : [describe(desired)]), ...sections, ...missed].join('\n')
}

export function scheduleQuestion({ desired, changes }: SchedulePreview): string {
  if (desired === undefined) {
    return 'No node takes backups by itself from then on; those that were taken stay. Go on?'
  }
  const issued = changes.some(({ kind }) => kind === 'certificate')
  const risk = issued
    ? `This makes a client certificate for the backups: root on ${desired.node.name} can then read and write all of etcd.`
    : `The schedule changes on ${desired.node.name} as shown.`
  return `${risk} Go on?`
}

export function renderScheduleReport(report: ScheduleReport, colors: Colors): string {
  const { node, next, first, changed } = report
  if (node === null)
    return changed
      ? 'no node takes backups by itself any more\n'
      : 'nothing to change: no node takes backups by itself\n'
  const when = next === null ? '' : `; the next one: ${next}`
  if (!changed) return `nothing to change: ${node} takes the backups${when}\n`
  const proof =
    first === null || first === undefined
      ? ''
      : `  first: ${first.name}, ${formatBytes(first.sizeBytes)}, revision ${first.revision}\n`
  return `${colors.green('✓')} ${node} takes the backups from now on${when}\n${proof}`
}

function describe({ node, every, keep, store, recipients }: DesiredSchedule): string {
  const where =
    store.kind === 'directory' ? `${store.path} on ${node.name}` : `s3://${store.bucket}/${store.prefix}`
  const counts = Object.entries(keep).map(([kind, count]) => `${count} ${kind}`)
  const readers = recipients.length === 1 ? 'one public key' : counted(recipients.length, 'public key')
  return `${node.name} takes backups (${every}) into ${where}, for ${readers}; kept are ${counts.join(', ')}\n`
}

/** A line of `status`. What is wrong stands above it. */
export function renderBackups(status: BackupStatus, now: Date): string {
  const { node, every, lastSuccess, backup, next, stored, lastProven } = status
  const latest =
    lastSuccess === null || backup === null
      ? 'none so far'
      : `latest ${span(now.getTime() - Date.parse(lastSuccess))} ago, revision ${backup.revision}, ${formatBytes(backup.sizeBytes)}`
  const coming = next === null ? '' : `; next in ${span(Date.parse(next) - now.getTime())}`
  const kept = stored === null ? '' : `; ${stored} in the store`
  const proven = lastProven === null ? 'none was proven restorable yet' : `proven restorable: ${lastProven}`
  return `backups: ${node}, ${every}; ${latest}${coming}${kept}; ${proven}\n`
}

/** Rough, as people say it. */
function span(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : counted(Math.round(hours / 24), 'day')
}
