/** The time limit of requests to a node, one after the other. */
import { type Patience, tooSlow } from './limits.ts'
import type { RemoteCommand } from './remote.ts'

/** Longer timers fire at once (32-bit limit). */
const LONGEST_MS = 2 ** 31 - 1

export class Deadline {
  readonly #host: string
  readonly #patience: () => Patience | undefined
  readonly #factor: number
  readonly #late = new AbortController()
  #running: Patience | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param factor that the times are multiplied by */
  constructor(host: string, patience: NonNullable<RemoteCommand['patience']>, factor: number) {
    this.#host = host
    this.#factor = factor
    this.#patience =
      typeof patience === 'function' ? patience : () => (patience === 'endless' ? undefined : patience)
    this.look()
  }

  /** The time restarts if the request has changed. */
  look(): void {
    const patience = this.#patience()
    if (patience === this.#running || this.#late.signal.aborted) return
    clearTimeout(this.#timer)
    this.#running = patience
    if (patience === undefined || !Number.isFinite(patience.ms)) return
    const ms = Math.min(patience.ms * this.#factor, LONGEST_MS)
    this.#timer = setTimeout(() => this.#late.abort(tooSlow(this.#host, patience, ms)), ms)
  }

  /** Aborts with an error when the time is up, or with the other signal. */
  or(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#late.signal : AbortSignal.any([signal, this.#late.signal])
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
