/** A plan, its steps and the events of a run, as JSON. */
import * as engine from '../../../engine/event-json.ts'
import type { RunEvent } from '../../../engine/events.ts'
import type { BlockReason, EngineStep } from '../../../engine/step.ts'
import type { Action } from '../../../engine/step-registry.ts'
import { type Turn, countActions, turnsOf } from './actions.ts'
import { ETCD_STEPS } from './kinds.ts'

export type { StepJson } from '../../../engine/event-json.ts'

export interface PlanJson {
  readonly formatVersion: number
  /** How many steps. */
  readonly changes: number
  /** How many steps of each action. */
  readonly actions: Readonly<Record<Action, number>>
  /** The order in which members start, restart and stop. */
  readonly order: readonly Turn[]
  /** All steps: the steps of one stage run at the same time. */
  readonly waves: readonly (readonly engine.StepJson[])[]
  /** Why it can't be carried out, or not completely; empty: it can. */
  readonly blocked: readonly BlockReason[]
}

export function stepJson(step: EngineStep): engine.StepJson {
  return engine.stepJson(step, ETCD_STEPS)
}

export function eventJson(event: RunEvent): engine.EventJson {
  return engine.eventJson(event, ETCD_STEPS)
}

/** Counts by action, the order in which members start, restart and stop, then all steps, stage by stage. */
export function planJson({ waves, blocked }: ShownPlan): PlanJson {
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
