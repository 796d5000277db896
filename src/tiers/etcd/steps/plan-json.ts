/** A plan, its steps and what happens during a run, as JSON shows them. */
import * as engine from '../../../engine/event-json.ts'
import type { RunEvent } from '../../../engine/events.ts'
import type { BlockReason, EngineStep } from '../../../engine/step.ts'
import { countActions, turnsOf } from './actions.ts'
import { ETCD_STEPS } from './kinds.ts'

export function stepJson(step: EngineStep): Record<string, unknown> {
  return engine.stepJson(step, ETCD_STEPS)
}

export function eventJson(event: RunEvent): Record<string, unknown> {
  return engine.eventJson(event, ETCD_STEPS)
}

/** Counts by action, the order in which members start, restart and stop, then all steps, wave by wave. */
export function planJson({ waves, blocked }: ShownPlan): Record<string, unknown> {
  const steps = waves.flat()
  return {
    formatVersion: engine.FORMAT_VERSION,
    changes: steps.length,
    actions: countActions(steps),
    order: turnsOf(waves),
    waves: waves.map((wave) => wave.map(stepJson)),
    blocked,
  }
}

interface ShownPlan {
  readonly waves: readonly (readonly EngineStep[])[]
  readonly blocked: readonly BlockReason[]
}
