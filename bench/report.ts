/** What was measured, what is wanted, and both as a table. */
import { cpus, totalmem } from 'node:os'
import type { FiguresOfBackups } from './backups.ts'
import type { FiguresOfStart } from './start-up.ts'

/** Medians of one run; names carry the unit. Ratios compare figures of the same run only. */
export interface Figures extends FiguresInUse, FiguresOfBackups, FiguresOfStart {
  readonly shellSeconds: number
  readonly firstApplyThreeSeconds: number
  readonly firstApplyToShellRatio: number
  readonly secondApplyThreeSeconds: number
  /** Logins and commands over SSH for one machine, in a second apply. */
  readonly sshRoundTripsPerHost: number
  readonly firstApplyNineSeconds: number
  readonly secondApplyNineSeconds: number
  readonly nineToThreeRatio: number
  /** The most that the tool's process had resident, in a first apply to nine machines; bytes. */
  readonly peakMemoryBytes: number
  readonly pushedBytesPerMember: number
}

/** Of clusters that a client uses meanwhile. Gaps: the longest that a write took longer than its pace, in all rounds. */
export interface FiguresInUse {
  /** `certs renew --all`. */
  readonly renewThreeSeconds: number
  readonly renewWriteGapMilliseconds: number
  /** `apply` after a change that every member has to be restarted for. */
  readonly restartThreeSeconds: number
  readonly restartWriteGapMilliseconds: number
  /** `member add`, the fourth of a cluster with next to nothing in it. */
  readonly addMemberSeconds: number
  readonly addMemberWriteGapMilliseconds: number
}

export interface Line {
  readonly what: string
  readonly figure: string
  /** Empty: none was set. */
  readonly target: string
  /** undefined where there is no target. */
  readonly met: boolean | undefined
}

export function seconds(value: number): string {
  return `${value.toFixed(2)} s`
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`
}

export function line(what: string, figure: string, target = '', met?: boolean): Line {
  return { what, figure, target, met }
}

function waited(milliseconds: number): Line {
  return line('… the longest that a write waited', `${milliseconds.toFixed(0)} ms`)
}

export function linesOf(figures: Figures): Line[] {
  const ratio = figures.firstApplyToShellRatio
  const megabytes = figures.peakMemoryBytes / 1_000_000
  return [
    line('three members by a hand-written parallel shell script', seconds(figures.shellSeconds)),
    line('`quorate apply`, three new nodes', seconds(figures.firstApplyThreeSeconds)),
    line('… as a multiple of the shell script', `${ratio.toFixed(2)} ×`, 'at most 1.5 ×', ratio <= 1.5),
    line(
      '`quorate apply` again, three nodes',
      seconds(figures.secondApplyThreeSeconds),
      'at most 0.6 s',
      figures.secondApplyThreeSeconds <= 0.6,
    ),
    line(
      '… SSH round trips per node',
      figures.sshRoundTripsPerHost.toFixed(1),
      'at most 2',
      figures.sshRoundTripsPerHost <= 2,
    ),
    line('`quorate apply`, nine new nodes', seconds(figures.firstApplyNineSeconds)),
    line('`quorate apply` again, nine nodes', seconds(figures.secondApplyNineSeconds)),
    line(
      '… as a multiple of three nodes',
      `${figures.nineToThreeRatio.toFixed(2)} ×`,
      'at most 1.5 ×',
      figures.nineToThreeRatio <= 1.5,
    ),
    ...linesOfStart(figures),
    line(
      '`quorate certs renew --all`, three members in use',
      seconds(figures.renewThreeSeconds),
      'at most 3 s',
      figures.renewThreeSeconds <= 3,
    ),
    waited(figures.renewWriteGapMilliseconds),
    line(
      'rolling restart of three members in use, by `quorate apply`',
      seconds(figures.restartThreeSeconds),
      'at most 15 s',
      figures.restartThreeSeconds <= 15,
    ),
    waited(figures.restartWriteGapMilliseconds),
    line(
      '`quorate member add`, a fourth member',
      seconds(figures.addMemberSeconds),
      'at most 8 s',
      figures.addMemberSeconds <= 8,
    ),
    waited(figures.addMemberWriteGapMilliseconds),
    line('peak memory of an apply', `${megabytes.toFixed(0)} MB`, 'under 200 MB', megabytes < 200),
    ...linesOfBackups(figures),
  ]
}

export function linesOfStart(figures: FiguresOfStart): Line[] {
  const { helpOverNodeMilliseconds: help, slowestVerb, slowestVerbMilliseconds: slowest } = figures
  return [
    line('`quorate --help`', `${figures.helpMilliseconds.toFixed(0)} ms`),
    line('… longer than `node -e 0`', `${help.toFixed(0)} ms`, 'at most 60 ms', help <= 60),
    line(
      `the command that takes longest to its first login (\`${slowestVerb}\`), longer than \`node -e 0\``,
      `${slowest.toFixed(0)} ms`,
      'at most 150 ms',
      slowest <= 150,
    ),
  ]
}

export function linesOfBackups(figures: FiguresOfBackups): Line[] {
  const gibibytes = (figures.storeBytes / 1024 ** 3).toFixed(1)
  const megabytes = figures.backupPeakMemoryBytes / 1_000_000
  const { backupSpeedRatio: speed, restoreRatio: restore } = figures
  return [
    line(
      `\`etcdctl snapshot save\` of ${gibibytes} GiB through \`zstd -1\` and \`age\``,
      seconds(figures.backupByHandSeconds),
    ),
    line('`quorate backup` of the same: checked, packed, encrypted', seconds(figures.backupSeconds)),
    line('… its speed as a multiple of the one by hand', times(speed), 'at least 1.0 ×', speed >= 1),
    line('… its peak memory', `${megabytes.toFixed(0)} MB`, 'under 200 MB', megabytes < 200),
    line('`etcdctl snapshot save` alone', seconds(figures.snapshotSaveSeconds)),
    line('… the speed of `quorate backup` as a multiple of it', times(figures.backupToSaveSpeedRatio)),
    line(
      'restore of it onto three members in parallel, by `scp` and `etcdutl`',
      seconds(figures.restoreByHandSeconds),
    ),
    line('`quorate restore` of it onto three members', seconds(figures.restoreThreeSeconds)),
    line('… as a multiple of the one by hand', times(restore), 'at most 1.3 ×', restore <= 1.3),
    line(
      "`etcdutl snapshot restore` of it on this host, and one member's start",
      seconds(figures.restoreOneSeconds),
    ),
    line('… `quorate restore` as a multiple of it', times(figures.restoreToOneRatio)),
  ]
}

export function textTable(lines: readonly Line[]): string {
  const plain = lines.map((one) => ({ ...one, what: one.what.replaceAll('`', '') }))
  const width = (pick: (one: Line) => string) => Math.max(...plain.map((one) => pick(one).length))
  const [what, figure, target] = [
    width((one) => one.what),
    width((one) => one.figure),
    width((one) => one.target),
  ]
  return plain
    .map((one) => {
      const verdict = one.met === undefined ? '' : one.met ? 'met' : 'MISSED'
      return `${one.what.padEnd(what)}  ${one.figure.padStart(figure)}  ${one.target.padEnd(target)}  ${verdict}`
    })
    .map((text) => `${text.trimEnd()}\n`)
    .join('')
}

/** @param conditions a sentence or two behind the computer */
export function markdownTable(lines: readonly Line[], conditions: string, when: Date): string {
  const rows = lines.map(
    ({ what, figure, target, met }) =>
      `| ${what} | ${figure} | ${target}${met === undefined ? '' : met ? ' ✓' : ' ✗'} |`,
  )
  return `| | median | wanted |
|---|---:|---|
${rows.join('\n')}

Measured by \`script/bench\` on ${when.toISOString().slice(0, 10)} in lab nodes on one host (${computer()}).
${conditions}
`
}

/** What README says of speed. */
export function readmeLine(figures: ReadmeFigures, when: Date): string {
  const { shellSeconds: shell, firstApplyThreeSeconds: first, secondApplyThreeSeconds: second } = figures
  const compared = `${times(first / shell)} the ${seconds(shell)} of a parallel shell script that checks nothing`
  return `On three nodes in the lab, a first \`quorate apply\` takes ${seconds(first)}, ${compared}. A second one takes ${seconds(second)} (${when.toISOString().slice(0, 10)}).
`
}

/** What README says of Kubernetes' speed. */
export function readmeLineKubernetes(figures: ReadmeFiguresOfKubernetes, when: Date): string {
  const { kubernetesByHandSeconds: byHand, kubernetesFirstApplySeconds: first } = figures
  const compared = `${times(first / byHand)} the ${seconds(byHand)} of kubeadm by a parallel shell script`
  return `Nine nodes become a highly available Kubernetes in ${seconds(first)}. This is ${compared} (${when.toISOString().slice(0, 10)}).
`
}

export interface ReadmeFiguresOfKubernetes {
  readonly kubernetesByHandSeconds: number
  readonly kubernetesFirstApplySeconds: number
}

export type ReadmeFigures = Pick<
  Figures,
  'shellSeconds' | 'firstApplyThreeSeconds' | 'secondApplyThreeSeconds'
>

export function computer(): string {
  const [cpu] = cpus()
  return `${cpus().length} cores${cpu?.model ? ` ${cpu.model.trim()}` : ''}, ${Math.round(totalmem() / 2 ** 30)} GiB`
}
