/** A plan, for people: the changes of each node and file, and the order in which members restart. */
import { createTwoFilesPatch } from 'diff'
import type { Action } from '../engine/step-registry.ts'
import { countActions } from '../tiers/etcd/steps/actions.ts'
import { UNKNOWN_YET } from '../tiers/etcd/facts/unknown.ts'
import { topicOf } from '../error-ids.ts'
import type { BlockReason } from '../engine/step.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import { oneLine } from '../spec/visible.ts'
import { type Painter, legend, markOf, orderLines } from './plan-marks.ts'
import { counted } from '../spec/units.ts'
import { UNCHANGED } from './unchanged.ts'

/** A plan of apply, or what reset would do. */
interface Shown {
  readonly waves: readonly (readonly AnyStep[])[]
  readonly blocked: readonly BlockReason[]
}

export interface PlanFormat {
  /** Shows the content of new files; otherwise only their length. */
  readonly verbose?: boolean | undefined
  /** Values that are created when the plan is applied: shown as unknown. */
  readonly unknown?: readonly string[] | undefined
}

export function renderPlan(plan: Shown, colors: Painter, format: PlanFormat = {}): string {
  const steps = plan.waves.flat()
  const hosts = Map.groupBy(steps, (step) => step.host ?? '')
  const sections = [...hosts].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a.localeCompare(b)))
  const parts = sections.map(([host, own]) =>
    [
      colors.bold(host === '' ? 'the cluster' : host),
      ...own.map((step) => renderStep(step, colors, format)),
    ].join('\n'),
  )
  const order = orderLines(plan.waves, colors)
  if (order.length > 0) parts.push(order.join('\n'))
  if (plan.blocked.length > 0) {
    const reasons = plan.blocked.map(({ host, message, hint, id }) =>
      [
        `  ${colors.red('✗')} ${host === undefined ? '' : `${host}: `}${oneLine(message)}`,
        ...(hint ? [`    ${colors.cyan('fix:')} ${oneLine(hint)}`] : []),
        ...(id === undefined ? [] : [`    ${colors.cyan('docs:')} quorate explain ${topicOf(id)}`]),
      ].join('\n'),
    )
    parts.push([colors.bold(steps.length > 0 ? 'then blocked' : 'blocked'), ...reasons].join('\n'))
  }
  if (steps.length > 0) parts.push(colors.dim(legend(steps)))
  return `${parts.join('\n\n')}\n`
}

/** Counted even if there are none, because people look for these first. */
const ALWAYS: ReadonlySet<Action> = new Set(['create', 'restart', 'remove'])

/** 'nothing to change', or `Plan: 3 to create, 1 to restart, 0 to remove (4 steps on 3 hosts)`. */
export function planSummary(plan: Shown): string {
  const steps = plan.waves.flat()
  if (steps.length === 0) return plan.blocked.length > 0 ? 'blocked' : UNCHANGED
  const hosts = new Set(steps.map((step) => step.host).filter((host) => host !== undefined)).size
  const counts = countActions(steps)
  const parts = (['create', 'change', 'start', 'restart', 'stop', 'remove'] as const)
    .filter((action) => counts[action] > 0 || ALWAYS.has(action))
    .map((action) => `${counts[action]} to ${action}`)
  return `Plan: ${parts.join(', ')} (${counted(steps.length, 'step')} on ${counted(hosts, 'host')})`
}

function renderStep(step: AnyStep, colors: Painter, format: PlanFormat): string {
  const head = `  ${markOf(step, colors)} ${oneLine(step.what)} ${colors.dim(`(${oneLine(step.why)})`)}`
  if (step.kind === 'network')
    return [head, ...jsonChange(step.before, JSON.stringify(step.network.config), colors)].join('\n')
  if ((step.kind !== 'file' && step.kind !== 'service-file') || step.before === step.content) return head
  const [user, group] = step.kind === 'file' ? [step.owner, step.group] : ['root', 'root']
  const owner = colors.dim(`    ${user}:${group} ${step.mode}`)
  if (step.before === undefined && format.verbose !== true) {
    return [
      head,
      `${owner}${colors.dim(`, new file, ${counted(lineCount(step.content), 'line')}; -v shows it`)}`,
    ].join('\n')
  }
  const after = (format.unknown ?? []).reduce(
    (text, value) => text.replaceAll(value, UNKNOWN_YET),
    step.content,
  )
  return [head, owner, ...diffLines(step.before ?? '', after, colors)].join('\n')
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

/** Limit for a file that another tool wrote: longer differences are neither computed nor shown. */
const MOST_CHANGES = 1_000
const MOST_LINES = 200

function diffLines(before: string, after: string, colors: Painter): string[] {
  const options = { context: 2, maxEditLength: MOST_CHANGES }
  const patch = createTwoFilesPatch('', '', before, after, '', '', options)
  if (patch === undefined) {
    const sizes = `${counted(lineCount(before), 'line')} now, ${counted(lineCount(after), 'line')} then`
    return [colors.dim(`      too different to compare: ${sizes}`)]
  }
  const lines = patch
    .split('\n')
    .slice(4)
    .filter((line) => line !== '' && !line.startsWith('\\'))
  const more = lines.length - MOST_LINES
  return [
    ...lines.slice(0, MOST_LINES).map((line) => {
      const text = `      ${line}`
      if (line.startsWith('+')) return colors.green(text)
      return line.startsWith('-') ? colors.red(text) : colors.dim(text)
    }),
    ...(more > 0 ? [colors.dim(`      … ${counted(more, 'more line')}`)] : []),
  ]
}

function jsonChange(before: string | undefined, after: string, colors: Painter): string[] {
  return [
    ...(before === undefined ? [] : [colors.red(`      -${oneLine(before)}`)]),
    colors.green(`      +${after}`),
  ]
}
