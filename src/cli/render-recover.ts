/** What is left of a cluster, for whoever has to decide. */
import { mebibytes } from '../etcd/space.ts'
import type { MemberReport, RecoveryReport } from '../operations/recover-report.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'cyan' | 'dim' | 'green' | 'yellow'>

const HEADINGS: Readonly<Record<RecoveryReport['kind'], string>> = {
  serving: 'a quorum answers: there is nothing to recover',
  startable: 'no quorum answers, but enough members have their data: nothing is lost',
  open: 'no quorum answers, and machines that could make one are out of reach',
  lost: 'the quorum is lost: it can not be made of what is left',
  unfinished: 'a recovery was begun and is not finished',
}

export function renderRecovery(report: RecoveryReport, colors: Painter): string {
  const paint = report.kind === 'serving' ? colors.green : colors.yellow
  const parts = [
    paint(colors.bold(HEADINGS[report.kind])),
    renderTable([
      ['MEMBER', 'STATE', 'ETCD', 'TERM', 'ENTRY', 'COMMITTED', 'LAST WRITTEN', 'DATABASE', ''].map((word) =>
        colors.dim(word),
      ),
      ...report.members.map((member) => row(member, member.name === report.best, colors)),
    ]).trimEnd(),
    ...section('Certain', report.certain, colors),
    ...section('May be lost', report.mayBeLost, colors),
  ]
  if (report.choices.length > 0) {
    const choices = report.choices.map(
      ({ text, command }) => `  - ${text}${command === null ? '' : `\n    ${colors.cyan('→')} ${command}`}`,
    )
    parts.push([colors.bold('What can be done'), ...choices].join('\n'))
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
    databaseBytes === null ? '-' : mebibytes(databaseBytes),
    problem === null ? '' : colors.yellow(problem),
  ]
}

function section(title: string, sentences: readonly string[], colors: Painter): readonly string[] {
  if (sentences.length === 0) return []
  return [[colors.bold(title), ...sentences.map((sentence) => `  - ${sentence}`)].join('\n')]
}
