/** What an upgrade would do, for people: who, in which order, how long, until when there is a way back. */
import type { UpgradeProblem } from '../etcd/upgrade-facts.ts'
import { compareMinors } from '../etcd/minor.ts'
import { minorOf } from '../etcd/versions.ts'
import type { UpgradePreview } from '../verbs/upgrade/examine.ts'
import { formatBytes } from '../spec/units.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'red' | 'yellow' | 'cyan'>

export function renderUpgrade(name: string, preview: UpgradePreview, colors: Painter): string {
  const { from, to, order, direction } = preview
  const blocked = preview.problems.some(({ severity }) => severity === 'blocker')
  const title =
    from.length === 0
      ? `${name}: every member runs etcd ${to}`
      : `${name}: etcd ${from.join(' and ')} ${direction === 'abort' ? 'back to' : '→'} ${to}`
  const facts = blocked ? [] : [...turns(preview), ...around(preview)]
  const table = facts.map(([what, how]) => [`  ${colors.dim(what)}`, how])
  return [
    `${colors.bold(title)}\n`,
    table.length > 0 ? renderTable(table) : '',
    ...together(preview.problems).map((problem) => renderProblem(problem, colors)),
    order.length === 0 || blocked ? '' : `  about ${duration(preview.seconds)}\n`,
  ].join('')
}

/** The question, naming the risk. */
export function upgradeQuestion(preview: UpgradePreview): string {
  const { from, to, order, direction, pointOfNoReturn, outage, downgrade, cancels } = preview
  if (order.length === 0) {
    return cancels === null
      ? `Write etcd ${to} into the cluster file?`
      : `Cancel the downgrade to etcd ${cancels}?`
  }
  const run = downgrade === null ? 'Run' : 'Downgrade to'
  const what = direction === 'abort' ? `Go back to etcd ${to}` : `${run} etcd ${to} on ${order.join(', ')}`
  const risk = pointOfNoReturn
    ? ` Once the last member runs it, there is no way back to ${from.join(' or ')} but the snapshot.`
    : ''
  const gap = outage ? ' With fewer than three members nothing can be written while one restarts.' : ''
  return `${what}${order.length > 1 ? ', one after the other' : ''}?${gap}${risk}`
}

/** The same thing on several nodes is told once. */
function together(problems: readonly UpgradeProblem[]): readonly UpgradeProblem[] {
  const alike = Map.groupBy(problems, ({ severity, message, hint }) =>
    JSON.stringify([severity, message, hint]),
  )
  return [...alike.values()].flatMap((group) => {
    const [first] = group
    const hosts = group.flatMap(({ host }) => host ?? [])
    return first === undefined ? [] : [{ ...first, host: hosts.length > 0 ? hosts.join(', ') : undefined }]
  })
}

function renderProblem({ severity, host, message, hint }: UpgradeProblem, colors: Painter): string {
  const sign = severity === 'blocker' ? colors.red('✗') : colors.yellow('!')
  const way = hint === undefined ? '' : `    ${colors.cyan('fix:')} ${oneLine(hint)}\n`
  return `  ${sign} ${host === undefined ? '' : `${host}: `}${oneLine(message)}\n${way}`
}

function turns({ order, canarySeconds }: UpgradePreview): [string, string][] {
  return order.map((name, index) => {
    const last = index === order.length - 1
    if (order.length === 1) return ['there', name]
    if (index === 0)
      return ['first', canarySeconds > 0 ? `${name}, and watch it for ${canarySeconds} s` : name]
    return [last ? 'last' : 'then', name]
  })
}

function around(preview: UpgradePreview): [string, string][] {
  const { snapshotBytes, fileEdits, pointOfNoReturn, from, to, downgrade, cancels } = preview
  const rows: [string, string][] = []
  if (snapshotBytes !== null)
    rows.push(['before', `a snapshot (${formatBytes(snapshotBytes)}) into the state folder`])
  if (downgrade !== null) {
    rows.push([
      'downgrade',
      `etcd's own, to ${downgrade}: every member converts its data before the first restart`,
    ])
  }
  if (cancels !== null) rows.push(['after', `the downgrade of etcd to ${cancels} is canceled`])
  if (fileEdits.length > 0) rows.push(['after', `${fileEdits.join(' and ')} in the cluster file`])
  if (pointOfNoReturn) {
    const old = minorOf(from.at(-1) ?? to)
    rows.push([
      'way back',
      `quorate upgrade --abort, until the last member has left ${old}; then only the snapshot`,
    ])
  } else if (from.some((version) => compareMinors(minorOf(version), minorOf(to)) < 0) && cancels === null) {
    rows.push(['way back', "quorate upgrade --abort; once the last member runs it, by etcd's own downgrade"])
  } else if (downgrade !== null && preview.direction === 'upgrade') {
    rows.push([
      'way back',
      `quorate upgrade --abort, until the last member runs ${downgrade}; then an upgrade`,
    ])
  }
  return rows
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
