/** Events and steps as JSON shows them: what matters of them, without the content of files. */
import type { RunEvent } from './events.ts'
import type { EngineStep } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

/** Of every event and plan that is printed or kept. Fields are added; where one is renamed or removed, it rises. */
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
