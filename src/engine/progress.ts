/** Which step a host is at, told from the operations that it reports as done. */
import type { HostStep } from '../tiers/etcd/steps/steps.ts'
import { type Supplies, compile } from '../tiers/etcd/perform/compile.ts'
import type { Operation } from '../host/operations.ts'
import type { Emit } from './events.ts'

export class HostProgress {
  /** The steps as the agent's operations. */
  readonly operations: readonly Operation[]
  readonly #steps: readonly HostStep[]
  readonly #emit: Emit
  /** How many operations are done when each step is. */
  readonly #ends: readonly number[]
  /** The step it is at; -1 before the host has everything it needs and begins. */
  #current = -1
  #started = 0
  /** Of the snapshot, that were told of. */
  #hundredths = 0

  constructor(host: string, steps: readonly HostStep[], supplies: Supplies, emit: Emit) {
    const operations: Operation[] = []
    this.#steps = steps
    this.#emit = emit
    this.#ends = steps.map((step) => operations.push(...compile(step, supplies)))
    this.operations = operations
    const sent = steps.some((step) => step.kind === 'binaries') ? (supplies.artifact?.files ?? []) : []
    const bytes = sent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    if (bytes > 0) emit({ type: 'sending', host, bytes })
    for (const step of steps)
      if (step.kind === 'restore-stage')
        emit({ type: 'sending', host, bytes: step.sizeBytes, what: 'the snapshot' })
  }

  /** @param operation index among `operations`; -1 once the machine has all that they need, less for what comes before that. */
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

  /** @param doneBytes how much of the snapshot is on its way */
  sent(doneBytes: number): void {
    const step = this.#steps.find(({ kind }) => kind === 'restore-stage')
    if (step?.kind !== 'restore-stage' || this.#current >= 0) return
    const hundredths = Math.floor((100 * doneBytes) / step.sizeBytes)
    if (hundredths <= this.#hundredths) return
    this.#hundredths = hundredths
    this.#emit({ type: 'sending', host: step.host, bytes: step.sizeBytes, doneBytes, what: 'the snapshot' })
  }

  failed(error: unknown): void {
    const step = this.#steps[this.#current]
    const message = error instanceof Error ? error.message : String(error)
    if (step) this.#emit({ type: 'step-failed', step, message })
  }
}
