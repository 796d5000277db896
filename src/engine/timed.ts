/** One step of the whole cluster, with its events. */
import type { EngineStep } from './step.ts'
import type { Emit } from './events.ts'

/** Does the work and emits its start, and its end or failure. Rethrows every error. */
export async function timed<T>(emit: Emit, step: EngineStep, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  emit({ type: 'step-started', step })
  try {
    const result = await work()
    emit({ type: 'step-done', step, durationMs: performance.now() - started })
    return result
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    emit({ type: 'step-failed', step, message })
    throw error
  }
}
