/** The report, preview and result of `repair`. */
import type { RepairPreview, RepairReport } from '../verbs/repair/repair.ts'
import type { RepairOutlook } from '../verbs/repair/decide.ts'
import type { Cluster } from '../spec/cluster.ts'
import type { CliContext } from './context.ts'
import { renderMemberChange } from './render-member.ts'
import { oneLine } from '../spec/visible.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'green' | 'red' | 'yellow'>

export function renderDamage({ members, blocked, corrupt }: RepairOutlook, colors: Painter): string {
  const damaged = members.filter(({ evidence }) => evidence.length > 0)
  const lines = members.flatMap(({ name, healthy, evidence }) => {
    if (evidence.length > 0)
      return evidence.map(({ text }) => `  ${colors.red('✗')} ${colors.bold(name)}: ${oneLine(text)}\n`)
    const text = healthy ? 'no damage found' : 'does not answer; no damage is known'
    return [`  ${healthy ? colors.green('✓') : colors.yellow('!')} ${colors.bold(name)}: ${oneLine(text)}\n`]
  })
  const advice =
    blocked.length > 0
      ? blocked.map(
          ({ message, hint }) =>
            `${oneLine(message)}\n${hint === undefined ? '' : `  fix: ${oneLine(hint)}\n`}`,
        )
      : damaged.map(({ name }) => `  fix: quorate repair ${name}\n`)
  const left =
    corrupt.length > 0 && damaged.length === 0 && blocked.length === 0
      ? [
          `  fix: the alarm CORRUPT is still raised, and the contents are equal: quorate repair ${members[0]?.name ?? ''}\n`,
        ]
      : []
  return [...lines, ...advice, ...left].join('')
}

export function renderRepairPreview(
  { node, decision, replacement, snapshot, alarms, risks }: RepairPreview,
  cluster: Cluster,
  colors: Painter,
): string {
  const evidence = decision.kind === 'replace' ? decision.evidence : []
  const change = { present: cluster, wanted: cluster }
  return [
    ...evidence.map(({ text }) => `${colors.red('✗')} ${colors.bold(node)}: ${oneLine(text)}\n`),
    ...(snapshot === undefined ? [] : [`  first, save a snapshot of ${snapshot.from}: ${snapshot.file}\n`]),
    replacement === undefined ? '' : renderMemberChange(change, { ...replacement, risks }, colors),
    ...(alarms.length > 0
      ? [`  the alarm CORRUPT (${alarms.join(', ')}) will be disarmed after the other members are compared\n`]
      : []),
    ...(replacement === undefined ? risks.map((risk) => `  ${colors.yellow('!')} ${oneLine(risk)}\n`) : []),
  ].join('')
}

export function renderRepair(
  { changed, why, disarmed, snapshot, moved }: RepairReport,
  name: string,
): string {
  if (!changed) return `nothing to repair: ${oneLine(why ?? '')}\n`
  return [
    moved.length > 0 || disarmed.length === 0
      ? `done: the data of ${name} was replaced, and all members have equal contents\n`
      : 'done: all members have equal contents and accept writes\n',
    ...disarmed.map((member) => `  disarmed the alarm CORRUPT of ${member}\n`),
    ...moved.map(({ host, from, to }) => `  ${host}: ${from} is now ${to}\n`),
    ...(snapshot === undefined ? [] : [`  snapshot: ${snapshot}\n`]),
  ].join('')
}
