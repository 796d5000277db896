/** The preview of an upgrade, for people: members, order, duration, and how long a rollback is possible. */
import type { UpgradeProblem } from '../etcd/upgrade-facts.ts'
import { compareMinors } from '../etcd/minor.ts'
import { minorOf } from '../etcd/versions.ts'
import type { UpgradePreview } from '../verbs/upgrade/examine.ts'
import { counted, formatBytes } from '../spec/units.ts'
import type { Consequences } from './consequences.ts'
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

/** undefined: no member restarts. */
export function upgradeLosses(preview: UpgradePreview): Consequences | undefined {
  const { from, to, order, pointOfNoReturn, snapshotBytes, outage } = preview
  if (order.length === 0) return undefined
  const members = counted(order.length, 'member')
  return {
    loses: pointOfNoReturn
      ? `no data; once every member runs ${to}, a return to ${from.join(' or ')} needs the snapshot and loses later writes`
      : 'no data',
    keeps:
      snapshotBytes === null
        ? 'all data'
        : `all data, and a snapshot from before the upgrade (${formatBytes(snapshotBytes)})`,
    downtime: outage
      ? `no writes while a member restarts; ${members} to restart`
      : `none for clients that know all members; ${members} to restart, one at a time`,
  }
}

/** The question, with its risk. */
export function upgradeQuestion(preview: UpgradePreview): string {
  const { from, to, order, direction, pointOfNoReturn, outage, downgrade, cancels } = preview
  if (order.length === 0) {
    return cancels === null
      ? `Write etcd ${to} into the cluster file?`
      : `Cancel the downgrade to etcd ${cancels}?`
  }
  const run = downgrade === null ? 'Run' : 'Downgrade to'
  const what = direction === 'abort' ? `Return to etcd ${to}` : `${run} etcd ${to} on ${order.join(', ')}`
  const risk = pointOfNoReturn
    ? ` After the last member runs it, only the snapshot returns to ${from.join(' or ')}.`
    : ''
  const gap = outage ? ' With fewer than three members, etcd accepts no writes while one restarts.' : ''
  return `${what}${order.length > 1 ? ', one after the other' : ''}?${gap}${risk}`
}

/** The same problem on several nodes is shown once. */
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
    if (order.length === 1) return ['member', name]
    if (index === 0)
      return ['first', canarySeconds > 0 ? `${name}, and watch it for ${canarySeconds} s` : name]
    return [last ? 'last' : 'then', name]
  })
}

function around(preview: UpgradePreview): [string, string][] {
  const { snapshotBytes, fileEdits, pointOfNoReturn, from, to, downgrade, cancels } = preview
  const rows: [string, string][] = []
  if (snapshotBytes !== null)
    rows.push(['before', `save a snapshot (${formatBytes(snapshotBytes)}) in the state directory`])
  if (downgrade !== null) {
    rows.push([
      'downgrade',
      `downgrade of etcd to ${downgrade}: every member converts its data before the first restart`,
    ])
  }
  if (cancels !== null) rows.push(['after', `cancel the downgrade of etcd to ${cancels}`])
  if (fileEdits.length > 0) rows.push(['after', `write ${fileEdits.join(' and ')} in the cluster file`])
  if (pointOfNoReturn) {
    const old = minorOf(from.at(-1) ?? to)
    rows.push([
      'rollback',
      `quorate upgrade --abort, until the last member has left ${old}; then only with the snapshot`,
    ])
  } else if (from.some((version) => compareMinors(minorOf(version), minorOf(to)) < 0) && cancels === null) {
    rows.push([
      'rollback',
      'quorate upgrade --abort; after the last member runs it, with a downgrade of etcd',
    ])
  } else if (downgrade !== null && preview.direction === 'upgrade') {
    rows.push([
      'rollback',
      `quorate upgrade --abort, until the last member runs ${downgrade}; then with an upgrade`,
    ])
  }
  return rows
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
