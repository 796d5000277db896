/** Events and steps as JSON prints them: the essential fields, without file contents. */
import type { RunEvent } from './events.ts'
import type { EngineStep } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

/** Format version of printed and stored events and plans. Adding a field keeps it; renaming or removing one raises it. */
export const FORMAT_VERSION = 1

export function stepJson(step: EngineStep, steps: StepRegistry): Record<string, unknown> {
  const { kind, host, what, why, danger } = step
  return { kind, host, action: steps.actionOf(step), what, why, danger, id: steps.idOf(step) }
}

export function eventJson(event: RunEvent, steps: StepRegistry): Record<string, unknown> {
  const shown =
    event.type === 'wave'
      ? { ...event, steps: event.steps.map((step) => stepJson(step, steps)) }
      : 'step' in event
        ? { ...event, step: stepJson(event.step, steps) }
        : event
  const whole = 'durationMs' in shown ? { ...shown, durationMs: Math.round(shown.durationMs) } : { ...shown }
  return { ...whole, formatVersion: FORMAT_VERSION }
}
