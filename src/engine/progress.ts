/** Which step a host is at, derived from the operations that it reports as done. */
import type { Emit } from './events.ts'
import type { HostWork, Sending } from './host-work.ts'
import type { EngineStep } from './step.ts'

export class HostProgress {
  readonly #host: string
  readonly #steps: readonly EngineStep[]
  readonly #emit: Emit
  /** How many operations are done when each step is. */
  readonly #ends: readonly number[]
  /** What is reported with each hundredth, until work begins. */
  readonly #reported: Sending | undefined
  /** The step it is at; -1 before the host has everything it needs and begins. */
  #current = -1
  #started = 0
  #hundredths = 0

  constructor(
    host: string,
    steps: readonly EngineStep[],
    { operations, sendings }: Pick<HostWork, 'operations' | 'sendings'>,
    emit: Emit,
  ) {
    let end = 0
    this.#host = host
    this.#steps = steps
    this.#emit = emit
    this.#ends = operations.map((ofStep) => (end += ofStep.length))
    this.#reported = sendings.find(({ what }) => what !== undefined)
    for (const sending of sendings) emit({ type: 'sending', host, ...sending })
  }

  /** @param operation index among all operations; -1 once the node has everything they need, less for what comes before. */
  done(operation: number): void {
    if (operation < -1) return
    if (operation >= 0) {
      const step = this.#steps[this.#current]
      if (step === undefined || operation + 1 < (this.#ends[this.#current] ?? 0)) return
      this.#emit({ type: 'step-done', step, durationMs: performance.now() - this.#started })
    }
    this.#current += 1
    this.#started = performance.now()
    const next = this.#steps[this.#current]
    if (next) this.#emit({ type: 'step-started', step: next })
  }

  /** @param doneBytes how much of the large file was sent */
  sent(doneBytes: number): void {
    if (this.#reported === undefined || this.#current >= 0) return
    const hundredths = Math.floor((100 * doneBytes) / this.#reported.bytes)
    if (hundredths <= this.#hundredths) return
    this.#hundredths = hundredths
    this.#emit({ type: 'sending', host: this.#host, ...this.#reported, doneBytes })
  }

  failed(error: unknown): void {
    const step = this.#steps[this.#current]
    const message = error instanceof Error ? error.message : String(error)
    if (step) this.#emit({ type: 'step-failed', step, message })
  }
}
