/** Measurements of one kind of operation, in memory that doesn't grow: counts, latencies, the longest gap. */
import type { OperationFigures } from './report.ts'

/** Neighboring buckets of latency differ by this factor, so that percentiles are accurate to 5 %. */
const STEP = 1.05

export class Figures {
  readonly #intervalMs: number
  readonly #buckets = new Map<number, number>()
  #acknowledged = 0
  #failed = 0
  #retried = 0
  #heldBack = 0
  #longestMs = 0
  #lastMs: number
  #worstGapMs = 0
  #worstGapFromMs: number | undefined

  /** @param startedMs on the clock of all other times that are passed in */
  constructor(intervalMs: number, startedMs: number) {
    this.#intervalMs = intervalMs
    this.#lastMs = startedMs
  }

  acknowledged(latencyMs: number, nowMs: number): void {
    this.#acknowledged += 1
    const bucket = Math.ceil(Math.log(Math.max(latencyMs, 0.01)) / Math.log(STEP))
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
    this.#longestMs = Math.max(this.#longestMs, latencyMs)
    this.#closeGap(nowMs)
  }

  failed(): void {
    this.#failed += 1
  }

  retried(): void {
    this.#retried += 1
  }

  heldBack(): void {
    this.#heldBack += 1
  }

  /** Counts the time since the last acknowledgement as a gap, because no other ends it. */
  end(nowMs: number): void {
    this.#closeGap(nowMs)
  }

  /** The current state, including an open gap. */
  sketch(nowMs: number): { readonly acknowledged: number; readonly failed: number; readonly gapMs: number } {
    const gapMs = Math.max(this.#worstGapMs, nowMs - this.#lastMs - this.#intervalMs, 0)
    return { acknowledged: this.#acknowledged, failed: this.#failed, gapMs }
  }

  /** @param dateAt converts a time of the recorder's clock to a date */
  report(dateAt: (ms: number) => Date): OperationFigures {
    return {
      tried: this.#acknowledged + this.#failed,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
      retried: this.#retried,
      heldBack: this.#heldBack,
      worstGapMs: Math.round(this.#worstGapMs),
      worstGapFrom: this.#worstGapFromMs === undefined ? null : dateAt(this.#worstGapFromMs).toISOString(),
      latencyMs: {
        p50: this.#percentile(0.5),
        p90: this.#percentile(0.9),
        p99: this.#percentile(0.99),
        max: tenths(this.#longestMs),
      },
    }
  }

  #closeGap(nowMs: number): void {
    const gap = nowMs - this.#lastMs - this.#intervalMs
    if (gap > this.#worstGapMs) {
      this.#worstGapMs = gap
      this.#worstGapFromMs = this.#lastMs
    }
    this.#lastMs = nowMs
  }

  #percentile(share: number): number {
    let left = Math.ceil(share * this.#acknowledged)
    for (const [bucket, count] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return tenths(Math.min(STEP ** bucket, this.#longestMs))
    }
    return 0
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
