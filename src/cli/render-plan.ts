/** A plan for people: what would change, host by host, file by file. */
import { createTwoFilesPatch } from 'diff'
import type { Plan } from '../plan/plan.ts'
import type { Step } from '../plan/steps.ts'
import type { CliContext } from './context.ts'

type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'>

export function renderPlan(plan: Plan, colors: Painter): string {
  const steps = plan.waves.flat()
  const hosts = Map.groupBy(steps, (step) => step.host ?? '')
  const sections = [...hosts].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a.localeCompare(b)))
  const parts = sections.map(([host, own]) =>
    [colors.bold(host === '' ? 'the cluster' : host), ...own.map((step) => renderStep(step, colors))].join(
      '\n',
    ),
  )
  if (plan.blocked.length > 0) {
    const reasons = plan.blocked.map(({ host, message, hint }) =>
      [
        `  ${colors.red('✗')} ${host === undefined ? '' : `${host}: `}${message}`,
        ...(hint ? [`    ${colors.cyan('→')} ${hint}`] : []),
      ].join('\n'),
    )
    parts.push(
      [colors.bold(steps.length > 0 ? 'then it stops' : 'nothing can be done'), ...reasons].join('\n'),
    )
  }
  return `${parts.join('\n\n')}\n`
}

/** 'nothing to change', or how much. */
export function planSummary(plan: Plan): string {
  const steps = plan.waves.flat()
  if (steps.length === 0) return plan.blocked.length > 0 ? 'blocked' : 'nothing to change'
  const hosts = new Set(steps.map((step) => step.host).filter((host) => host !== undefined)).size
  return `${count(steps.length, 'step')} on ${count(hosts, 'host')}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function renderStep(step: Step, colors: Painter): string {
  const head = `  ${colors.yellow('~')} ${step.what} ${colors.dim(`(${step.why})`)}`
  if (step.kind === 'network')
    return [head, ...jsonChange(step.before, JSON.stringify(step.network.config), colors)].join('\n')
  if (step.kind !== 'file' || step.before === step.content) return head
  const owner = colors.dim(`    ${step.owner}:${step.group} ${step.mode}`)
  return [head, owner, ...diffLines(step.before ?? '', step.content, colors)].join('\n')
}

function diffLines(before: string, after: string, colors: Painter): string[] {
  const patch = createTwoFilesPatch('', '', before, after, '', '', { context: 2 })
  return patch
    .split('\n')
    .slice(4)
    .filter((line) => line !== '' && !line.startsWith('\\'))
    .map((line) => {
      const text = `      ${line}`
      if (line.startsWith('+')) return colors.green(text)
      return line.startsWith('-') ? colors.red(text) : colors.dim(text)
    })
}

function jsonChange(before: string | undefined, after: string, colors: Painter): string[] {
  return [...(before === undefined ? [] : [colors.red(`      -${before}`)]), colors.green(`      +${after}`)]
}
