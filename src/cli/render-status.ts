/** The health table. */
import type { TierReport } from '../engine/tier.ts'
import type { MemberStatus } from '../verbs/status/member-status.ts'
import type { StatusReport } from '../verbs/status/status.ts'
import type { CliContext } from './context.ts'
import { counted, formatBytes, plural } from '../spec/units.ts'
import { renderBackups } from './render-schedule.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'

export function renderStatus(report: StatusReport, colors: CliContext['colors'], now: Date): string {
  const { cluster, members, backups, tiers } = report
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
    health(member, colors),
    role(member),
    member.version ?? '-',
    member.dbSizeBytes === null ? '-' : formatBytes(member.dbSizeBytes),
    String(member.raftTerm ?? '-'),
    String(member.raftIndex ?? '-'),
    member.alarms.length > 0 ? colors.red(member.alarms.join(', ')) : '-',
    certificate(member.certificateDaysLeft, colors),
  ])
  const table = renderTable([header.map((title) => colors.dim(title)), ...rows])
  const problems = cluster.problemDetails.map((problem, index, all) => {
    const { kind, member, message, hint } = problem
    const mark = kind === 'unknown' ? colors.yellow('?') : colors.red('✗')
    const line = `  ${mark} ${oneLine(member === null ? message : `${member}: ${message}`)}\n`
    // The same hint for several members is shown once, after the last of them.
    const said = hint === null || all[index + 1]?.hint === hint
    return said ? line : `${line}    ${colors.cyan('fix:')} ${oneLine(hint)}\n`
  })
  const rotation = cluster.caExchange
    ? `  ${colors.yellow('!')} a CA rotation is unfinished; continue it: quorate certs rotate-ca\n`
    : ''
  const notes = cluster.notes.map((note) => `  ${colors.yellow('!')} ${oneLine(note)}\n`).join('')
  const backup = backups === null ? '' : renderBackups(backups, now)
  return `${table}\n${verdict(report, colors)}\n${problems.join('')}${rotation}${notes}${backup}${tiers.map((tier) => renderTier(tier, colors)).join('')}`
}

function renderTier(tier: TierReport, colors: CliContext['colors']): string {
  const { serving, summary, parts = [], notes } = tier
  const color = serving === true && notes.length === 0 ? colors.green : colors.yellow
  const works = { true: colors.green('✓'), false: colors.red('✗'), null: colors.yellow('?') }
  const lines = [
    ...parts.map((part) => `  ${works[`${part.serving}`]} ${oneLine(part.summary)}\n`),
    ...notes.map((note) => `  ${colors.yellow('!')} ${oneLine(note)}\n`),
  ]
  return `${color(oneLine(summary))}\n${lines.join('')}`
}

function verdict({ cluster, members }: StatusReport, colors: CliContext['colors']): string {
  const name = `cluster ${cluster.name}${cluster.id === null ? '' : ` (${oneLine(cluster.id)})`}`
  const unknown = cluster.unknownMembers === 0 ? '' : `, ${cluster.unknownMembers} could not be asked`
  const count = `${cluster.healthyMembers} of ${counted(members.length, 'member')} ${plural(members.length, 'answers', 'answer')}${unknown}, ${cluster.quorum} ${plural(cluster.quorum, 'is', 'are')} needed`
  if (cluster.health === 'healthy') return `${colors.green(`${name} is healthy`)}: ${count}`
  if (cluster.health === 'unhealthy') return `${colors.red(`${name} is NOT healthy`)}: ${count}`
  return `${colors.yellow(`health of ${name} is unknown`)}: ${count}`
}

function health({ healthy }: MemberStatus, colors: CliContext['colors']): string {
  if (healthy === null) return colors.yellow('unknown')
  return healthy ? colors.green('yes') : colors.red('no')
}

function role(member: MemberStatus): string {
  if (member.leader) return 'leader'
  if (member.id === null) return '-'
  return member.learner ? 'learner' : 'follower'
}

function certificate(days: number | null, colors: CliContext['colors']): string {
  if (days === null) return '-'
  if (days < 0) return colors.red('expired')
  const text = counted(days, 'day')
  return days < 30 ? colors.yellow(text) : text
}
