/** Events and steps as JSON shows them: what matters of them, without the content of files. */
import type { AnyStep } from '../plan/steps.ts'
import type { RunEvent } from './events.ts'

export function stepJson(step: AnyStep): Record<string, unknown> {
  const { kind, host, what, why, danger } = step
  return { kind, host, what, why, danger }
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
