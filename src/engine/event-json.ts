/** Events and steps as JSON prints them: the essential fields, without file contents. */
import type { RunEvent } from './events.ts'
import type { Danger, EngineStep } from './step.ts'
import type { Action, StepRegistry } from './step-registry.ts'

/** Format version of printed and stored events and plans. Adding a field keeps it; renaming or removing one raises it. */
export const FORMAT_VERSION = 1

export interface StepJson {
  readonly kind: string
  /** The node it happens on; missing: the workstation, or the cluster as a whole. */
  readonly host?: string | undefined
  readonly action: Action
  /** What it does, for people. */
  readonly what: string
  /** Why, for people. */
  readonly why: string
  readonly danger: Danger
  /** The same for the same work on the same thing, in every run. */
  readonly id: string
}

/** An event, with each step as JSON shows it. */
export type EventJson = { readonly formatVersion: number } & (
  | { readonly type: 'wave'; readonly steps: readonly StepJson[] }
  | { readonly type: 'step-started'; readonly step: StepJson }
  | { readonly type: 'step-done'; readonly step: StepJson; readonly durationMs: number }
  | { readonly type: 'step-failed'; readonly step: StepJson; readonly message: string }
  | Exclude<RunEvent, { readonly type: 'wave' | 'step-started' | 'step-done' | 'step-failed' }>
)

export function stepJson(step: EngineStep, steps: StepRegistry): StepJson {
  const { kind, host, what, why, danger } = step
  return { kind, host, action: steps.actionOf(step), what, why, danger, id: steps.idOf(step) }
}

export function eventJson(event: RunEvent, steps: StepRegistry): EventJson {
  const shown =
    event.type === 'wave'
      ? { ...event, steps: event.steps.map((step) => stepJson(step, steps)) }
      : 'step' in event
        ? { ...event, step: stepJson(event.step, steps) }
        : event
  const whole = 'durationMs' in shown ? { ...shown, durationMs: Math.round(shown.durationMs) } : { ...shown }
  return { ...whole, formatVersion: FORMAT_VERSION }
}
