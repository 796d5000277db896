/** The sign before each step of a plan, the line that explains the signs, and the order of what starts and stops. */
import { ACTIONS, type Action } from '../engine/step-registry.ts'
import { turnsOf } from '../tiers/etcd/steps/actions.ts'
import { actionOf } from '../tiers/etcd/steps/kinds.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import { oneLine } from '../spec/visible.ts'
import type { CliContext } from './context.ts'

export type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'>

/** Each differs without colors, too. */
const MARKS: Readonly<Record<Action, { readonly sign: string; readonly color: keyof Painter }>> = {
  create: { sign: '+', color: 'green' },
  change: { sign: '~', color: 'yellow' },
  start: { sign: '>', color: 'cyan' },
  restart: { sign: '@', color: 'yellow' },
  stop: { sign: 'x', color: 'red' },
  remove: { sign: '-', color: 'red' },
  check: { sign: '=', color: 'dim' },
}

export function markOf(step: AnyStep, colors: Painter): string {
  const { sign, color } = MARKS[actionOf(step)]
  return colors[color](sign)
}

/** `Marks: + create, ~ change`: those that occur. */
export function legend(steps: readonly AnyStep[]): string {
  const present = new Set(steps.map(actionOf))
  const words = ACTIONS.filter((action) => present.has(action)).map(
    (action) => `${MARKS[action].sign} ${action}`,
  )
  return `Marks: ${words.join(', ')}`
}

/** Who is started, restarted or stopped, one turn a line, in the order in which it is done; empty: nobody is. */
export function orderLines(waves: readonly (readonly AnyStep[])[], colors: Painter): readonly string[] {
  const turns = turnsOf(waves)
  if (turns.length === 0) return []
  const lines = turns.map(({ what }, index) => `  ${index + 1}. ${oneLine(what)}`)
  return [colors.bold('order'), ...lines]
}
