/** The health table. */
import type { MemberStatus, StatusReport } from '../operations/status.ts'
import type { CliContext } from './context.ts'
import { formatBytes } from '../preflight/units.ts'
import { renderBackups } from './render-schedule.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'

export function renderStatus(report: StatusReport, colors: CliContext['colors'], now: Date): string {
  const { cluster, members, backups } = report
  const header = [
    'MEMBER',
    'ID',
    'HEALTHY',
    'ROLE',
    'VERSION',
    'DB SIZE',
    'TERM',
    'INDEX',
    'ALARMS',
    'CERTIFICATE',
  ]
  const rows = members.map((member) => [
    member.name,
    member.id ?? '-',
    member.healthy ? colors.green('yes') : colors.red('no'),
    role(member),
    member.version ?? '-',
    member.dbSizeBytes === null ? '-' : formatBytes(member.dbSizeBytes),
    String(member.raftTerm ?? '-'),
    String(member.raftIndex ?? '-'),
    member.alarms.length > 0 ? colors.red(member.alarms.join(', ')) : '-',
    certificate(member.certificateDaysLeft, colors),
  ])
  const table = renderTable([header.map((title) => colors.dim(title)), ...rows])
  const verdict = cluster.healthy
    ? colors.green(`cluster ${cluster.name} (${oneLine(cluster.id ?? '')}) is healthy`)
    : colors.red(
        `cluster ${cluster.name}${cluster.id === null ? '' : ` (${oneLine(cluster.id)})`} is NOT healthy`,
      )
  const count = `: ${cluster.healthyMembers} of ${members.length} members answer, ${cluster.quorum} are needed`
  const problems = cluster.problems.map((problem) => `  ${colors.red('✗')} ${oneLine(problem)}\n`).join('')
  const exchange = cluster.caExchange
    ? `  ${colors.yellow('!')} the CA is being exchanged: quorate certs rotate-ca goes on with it\n`
    : ''
  const notes = cluster.notes.map((note) => `  ${colors.yellow('!')} ${oneLine(note)}\n`).join('')
  const backup = backups === null ? '' : renderBackups(backups, now)
  return `${table}\n${verdict}${count}\n${problems}${exchange}${notes}${backup}`
}

function role(member: MemberStatus): string {
  if (member.leader) return 'leader'
  if (member.id === null) return '-'
  return member.learner ? 'learner' : 'follower'
}

function certificate(days: number | null, colors: CliContext['colors']): string {
  if (days === null) return '-'
  if (days < 0) return colors.red('expired')
  const text = `${days} day${days === 1 ? '' : 's'}`
  return days < 30 ? colors.yellow(text) : text
}
