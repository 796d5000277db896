/** Events and steps as JSON shows them: what matters of them, without the content of files. */
import { actionOf, countActions, turnsOf } from '../tiers/etcd/steps/actions.ts'
import type { Plan } from '../tiers/etcd/plan/plan.ts'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import type { RunEvent } from './events.ts'

export function stepJson(step: AnyStep): Record<string, unknown> {
  const { kind, host, what, why, danger } = step
  return { kind, host, action: actionOf(step), what, why, danger }
}

/** Counts by action, the order in which members start, restart and stop, then all steps, wave by wave. */
export function planJson({ waves, blocked }: Pick<Plan, 'blocked'> & ShownWaves): Record<string, unknown> {
  const steps = waves.flat()
  return {
    changes: steps.length,
    actions: countActions(steps),
    order: turnsOf(waves),
    waves: waves.map((wave) => wave.map(stepJson)),
    blocked,
  }
}

interface ShownWaves {
  readonly waves: readonly (readonly AnyStep[])[]
}

export function eventJson(event: RunEvent): Record<string, unknown> {
  const shown =
    event.type === 'wave'
      ? { ...event, steps: event.steps.map(stepJson) }
      : 'step' in event
        ? { ...event, step: stepJson(event.step) }
        : event
  return 'durationMs' in shown ? { ...shown, durationMs: Math.round(shown.durationMs) } : { ...shown }
}
