/** The state of a cluster that lost its quorum, and the choices. */

import type { RecoveryPreview } from '../verbs/recover/decide.ts'
import type { RecoverReport } from '../verbs/recover/recover.ts'
import type { MemberReport, RecoveryReport } from '../verbs/recover/report.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import { oneLine } from '../spec/visible.ts'
import { counted, formatBytes } from '../spec/units.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'cyan' | 'dim' | 'green' | 'yellow'>

const HEADINGS: Readonly<Record<RecoveryReport['kind'], string>> = {
  serving: 'a quorum answers: there is nothing to recover',
  startable: 'no quorum answers, but enough members have their data. Data loss: none',
  open: 'no quorum answers, and nodes that could form one are unreachable. Data loss: unknown',
  lost: "the quorum is lost: the remaining members can't form one",
  unfinished: 'a recovery is unfinished',
}

function headingOf({ kind, members }: RecoveryReport): string {
  // No member was asked: a quorum may serve.
  const unseen = kind === 'open' && members.every(({ state }) => state === 'unreachable')
  return unseen ? 'no member is reachable: whether a quorum serves is unknown' : HEADINGS[kind]
}

export function renderRecovery(report: RecoveryReport, colors: Painter): string {
  const paint = report.kind === 'serving' ? colors.green : colors.yellow
  const parts = [
    paint(colors.bold(headingOf(report))),
    renderTable([
      ['MEMBER', 'STATE', 'ETCD', 'TERM', 'ENTRY', 'COMMITTED', 'LAST WRITTEN', 'DB FILE', ''].map((word) =>
        colors.dim(word),
      ),
      ...report.members.map((member) => row(member, member.name === report.best, colors)),
    ]).trimEnd(),
    ...section('Certain', report.certain, colors),
    ...section('May be lost', report.mayBeLost, colors),
    ...section('Unknown', report.unknown, colors),
  ]
  if (report.choices.length > 0) {
    const choices = report.choices.map(
      ({ text, command }) =>
        `  - ${oneLine(text)}${command === null ? '' : `\n    ${colors.cyan('run:')} ${command}`}`,
    )
    parts.push([colors.bold('Choices'), ...choices].join('\n'))
  }
  return `${parts.join('\n\n')}\n`
}

function row(
  { name, state, unit, problem, log, databaseBytes }: MemberReport,
  best: boolean,
  colors: Painter,
) {
  return [
    best ? colors.bold(name) : name,
    state,
    unit ?? '-',
    log === null ? '-' : String(log.lastTerm),
    log === null ? '-' : String(log.lastIndex),
    log === null ? '-' : String(log.commit),
    log === null ? '-' : log.writtenAt.replace('.000', ''),
    databaseBytes === null ? '-' : formatBytes(databaseBytes),
    problem === null ? '' : colors.yellow(problem),
  ]
}

function section(title: string, sentences: readonly string[], colors: Painter): readonly string[] {
  if (sentences.length === 0) return []
  return [[colors.bold(title), ...sentences.map((sentence) => `  - ${oneLine(sentence)}`)].join('\n')]
}

/** The steps, and their risks. */
export function renderRecoveryPreview(preview: RecoveryPreview, colors: Painter): string {
  const { steps, joining, leaving, stopped, risks, continues, survivor } = preview
  const shown = steps.filter(({ kind }) => kind !== 'release')
  const lines = [
    ...shown.map(
      ({ host, what, why }) => `${colors.bold(host)}: ${oneLine(what)} ${colors.dim(`(${oneLine(why)})`)}`,
    ),
    ...(leaving.length === 0 ? [] : [`cluster file: ${leaving.join(', ')} removed`]),
    ...(joining.length === 0
      ? []
      : [`${colors.bold(joining.join(', '))}: join the new cluster as learners, one at a time`]),
  ]
  const head = continues ? `continues the unfinished recovery from ${survivor}` : `recovery from ${survivor}`
  return [
    `${colors.bold(head)}\n`,
    ...lines.map((line, index) => `  ${index + 1}. ${line}\n`),
    ...stopped.map(
      ({ host, what }) => `  ${colors.dim('stopped during the recovery:')} ${host}: ${oneLine(what)}\n`,
    ),
    ...risks.map((risk) => `  ${colors.yellow('!')} ${oneLine(risk)}\n`),
  ].join('')
}

export function renderRecovered(report: RecoverReport, colors: Painter): string {
  const { survivor, clusterId, revision, bump, keys, moved, members, left } = report
  const count = keys === undefined ? '' : `, with ${counted(keys, 'key')}`
  const after = bump === 0 ? '' : `; revisions continue from ${revision + bump}`
  const lines = [
    `recovered from ${survivor}: revision ${revision}${count}, now cluster ${clusterId}${after}`,
    `members: ${members.join(', ')}`,
    ...moved.map(({ host, from, to }) => `  ${colors.bold(host)}: ${from} is now ${to}`),
    ...(left.length === 0
      ? []
      : [
          `removed from the cluster file: ${left.join(', ')}. As soon as one is back, stop its etcd and rename its old data: quorate member remove ${left[0]}`,
        ]),
  ]
  return lines.map((line) => `${line}\n`).join('')
}
