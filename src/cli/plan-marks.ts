/** The sign before each step of a plan, the legend, and the order in which members start and stop. */
import { ACTIONS, type Action } from '../engine/step-registry.ts'
import { turnsOf } from '../tiers/etcd/steps/actions.ts'
import { actionOf } from '../tiers/etcd/steps/kinds.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import { oneLine } from '../spec/visible.ts'
import type { CliContext } from './context.ts'

export type Painter = Pick<CliContext['colors'], 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'>

/** The signs also differ without colors. */
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

/** `Marks: + create, ~ change`: only those in use. */
export function legend(steps: readonly AnyStep[]): string {
  const present = new Set(steps.map(actionOf))
  const words = ACTIONS.filter((action) => present.has(action)).map(
    (action) => `${MARKS[action].sign} ${action}`,
  )
  return `Marks: ${words.join(', ')}`
}

/** Which members are started, restarted or stopped, one turn a line, in order; empty: none. */
export function orderLines(waves: readonly (readonly AnyStep[])[], colors: Painter): readonly string[] {
  const turns = turnsOf(waves)
  if (turns.length === 0) return []
  const lines = turns.map(({ what }, index) => `  ${index + 1}. ${oneLine(what)}`)
  return [colors.bold('order'), ...lines]
}
