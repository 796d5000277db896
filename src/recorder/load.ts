/** The writes and reads: started at a steady rate without waiting for each other, and counted. */
import { QuorateError } from '../errors.ts'
import type { Endpoints } from './endpoints.ts'
import { Figures } from './figures.ts'
import type { Lanes } from './lanes.ts'
import { keepPace } from './pace.ts'
import type { Patience } from './retry.ts'

export interface LoadOptions {
  readonly keys: Lanes
  readonly endpoints: Endpoints
  /** Writes each second, and as many reads. */
  readonly rate: number
  /** How many of each may run at once. */
  readonly most: number
  readonly monotonic: () => number
  /** Aborts running operations, which are then not counted. */
  readonly signal: AbortSignal
  /** Called for what must never happen. */
  /** How long an operation is tried, in ms. */
  readonly operationMs: number
  readonly onBug: (text: string) => void
}

export class Load {
  readonly writes: Figures
  readonly reads: Figures
  readonly startedMs: number
  readonly #options: LoadOptions
  readonly #underWay = new Set<Promise<void>>()
  #readsUnderWay = 0

  /** The first operation is due now. */
  constructor(options: LoadOptions) {
    this.#options = options
    this.startedMs = options.monotonic()
    this.writes = new Figures(this.#intervalMs, this.startedMs)
    this.reads = new Figures(this.#intervalMs, this.startedMs)
  }

  /**
   * Starts operations until the signal, then waits for the running ones.
   *
   * @returns the longest delay of their pace, in ms
   */
  async run(until: AbortSignal): Promise<{ readonly ownPauseMs: number }> {
    const { monotonic } = this.#options
    const due = [() => this.#write(), () => this.#read()]
    const { ownPauseMs } = await keepPace({
      intervalMs: this.#intervalMs,
      startedMs: this.startedMs,
      monotonic,
      signal: until,
      due,
    })
    const endedMs = monotonic()
    await Promise.all(this.#underWay)
    this.writes.end(endedMs)
    this.reads.end(endedMs)
    return { ownPauseMs }
  }

  get #intervalMs(): number {
    return 1_000 / this.#options.rate
  }

  #write(): void {
    const { keys } = this.#options
    const lane = keys.take()
    if (lane === undefined) {
      this.writes.heldBack()
      return
    }
    this.#begin(
      this.writes,
      async (patience) => await keys.write(lane, patience),
      () => keys.giveBack(lane),
    )
  }

  #read(): void {
    const { keys, most } = this.#options
    if (this.#readsUnderWay >= most) {
      this.reads.heldBack()
      return
    }
    this.#readsUnderWay += 1
    this.#begin(
      this.reads,
      async (patience) => await keys.read(patience),
      () => {
        this.#readsUnderWay -= 1
      },
    )
  }

  #begin(figures: Figures, operation: (patience: Patience) => Promise<void>, ended: () => void): void {
    const running = this.#operate(figures, operation).finally(() => {
      ended()
      this.#underWay.delete(running)
    })
    this.#underWay.add(running)
  }

  async #operate(figures: Figures, operation: (patience: Patience) => Promise<void>): Promise<void> {
    const { endpoints, monotonic, signal, operationMs, onBug } = this.#options
    const beganMs = monotonic()
    try {
      await operation({ endpoints, monotonic, signal, operationMs, onRetry: () => figures.retried() })
      const endedMs = monotonic()
      figures.acknowledged(endedMs - beganMs, endedMs)
    } catch (error) {
      if (signal.aborted) return
      figures.failed()
      if (!(error instanceof QuorateError)) onBug(String(error))
    }
  }
}
