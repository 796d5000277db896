import { percent } from '../../etcd/space.ts'
import { type MemberQuota, type QuotaReport, quota } from '../../verbs/space/quota.ts'
import type { CommandHandler } from '../command.ts'
import type { CliContext } from '../context.ts'
import { renderTable } from '../table.ts'
import { withSession } from '../with-session.ts'
import { formatBytes } from '../../spec/units.ts'
import { printValue } from '../output/print-json.ts'

const quotaCommand: CommandHandler = async (context) =>
  await withSession(context, async (session) => {
    const report = await quota(session)
    if (context.json) printValue(context, 'quota', report)
    else context.out(render(report, context.colors))
    return report.state === 'critical' ? 1 : 0
  })

const PAINT = { ok: 'green', warning: 'yellow', critical: 'red' } as const

function render({ members, alarms, advice, state }: QuotaReport, colors: CliContext['colors']): string {
  const header = ['MEMBER', 'QUOTA', 'DB SIZE', 'FULL', 'IN USE', 'FREE INSIDE'].map(colors.dim)
  const rows = members.map((member) => row(member))
  const raised = alarms.map((alarm) => `  ${colors.red('✗')} alarm ${alarm}\n`)
  const lines = advice.map((line) => `  ${colors.cyan('fix:')} ${line}\n`)
  const change =
    'To change the quota, set quota-backend-bytes under etcd.settings in the cluster file, and run quorate apply.\n'
  const verdict =
    state === 'ok' ? 'space is sufficient' : state === 'warning' ? 'space is low' : 'out of space'
  return `${renderTable([header, ...rows])}\n${colors[PAINT[state]](verdict)}\n${raised.join('')}${lines.join('')}${change}`
}

function row({ name, quotaBytes, unlimited, sizeBytes, inUseBytes, freeBytes, full }: MemberQuota): string[] {
  return [
    name,
    unlimited ? 'no limit' : bytes(quotaBytes),
    bytes(sizeBytes),
    full === null ? '-' : percent(full),
    bytes(inUseBytes),
    bytes(freeBytes),
  ]
}

function bytes(number: number | null): string {
  return number === null ? '-' : formatBytes(number)
}

export default quotaCommand
