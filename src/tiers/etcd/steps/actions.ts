/** A plan's counts and its order, from the action of each step. */
import type { Action } from '../../../engine/step-registry.ts'
import { ETCD_STEPS, actionOf } from './kinds.ts'
import type { EngineStep } from '../../../engine/step.ts'

/** How many steps of each action a plan has. */
export function countActions(steps: readonly EngineStep[]): Readonly<Record<Action, number>> {
  const count = (action: Action) => steps.filter((step) => actionOf(step) === action).length
  return {
    create: count('create'),
    change: count('change'),
    start: count('start'),
    restart: count('restart'),
    stop: count('stop'),
    remove: count('remove'),
    check: count('check'),
  }
}

/** Whether one of them stops, restarts or removes a member. */
export function stopsMember(steps: readonly EngineStep[]): boolean {
  return steps.some(
    (step) => step.danger !== 'none' && ['restart', 'stop', 'remove'].includes(actionOf(step)),
  )
}

/**
 * One turn in the order of a plan: members that start, restart or stop at once, or a change of the leader or the
 * membership.
 */
export interface Turn {
  readonly action: Action
  /** Nodes; more than one: all at once. Empty: the cluster as a whole. */
  readonly hosts: readonly string[]
  readonly what: string
}

/** The order in which members are started, restarted and stopped, from the order of the stages. */
export function turnsOf(waves: readonly (readonly EngineStep[])[]): readonly Turn[] {
  return waves.flatMap((wave) => {
    const cluster = wave
      .filter((step) => ETCD_STEPS.isOfCluster(step))
      .map((step): Turn => ({ action: actionOf(step), hosts: [], what: step.what }))
    const members = (['stop', 'restart', 'start'] as const).flatMap((action): Turn[] => {
      const hosts = wave.flatMap((step) =>
        step.host !== undefined && actionOf(step) === action ? [step.host] : [],
      )
      if (hosts.length === 0) return []
      const names = [...new Set(hosts)]
      const together = names.length > 1 ? ' at the same time' : ''
      return [{ action, hosts: names, what: `${action} ${names.join(', ')}${together}` }]
    })
    return [...cluster, ...members]
  })
}
