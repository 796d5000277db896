/** Waiting for a condition: the one way in which quorate looks at something until it is as it should be. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'

/** What a look found: what was waited for, or the state that still stands in its way. */
export type Looked<T, M> = { readonly found: T } | { readonly missing: M }

export interface Waiting<T, M> {
  /** How long to look, in ms; `Infinity` where the number of attempts, or the look itself, sets the limit. */
  readonly ms: number
  /** How often to look at most; unlimited unless given. The limit that comes first counts. */
  readonly attempts?: number | undefined
  /** What `ms` is multiplied by: the session's `patienceFactor`. */
  readonly patienceFactor?: number | undefined
  /** Between two looks, in ms. */
  readonly everyMs: number | (() => number)
  readonly signal: AbortSignal | undefined
  /** Look again at once when this settles. The look that follows has to end the wait. */
  readonly wake?: Promise<unknown> | undefined
  /**
   * The time is up: throws what is still missing, or returns what has to do instead.
   *
   * @param waitedMs the limit that applied, `patienceFactor` included
   */
  readonly late: (missing: M, waitedMs: number) => T | Promise<T>
}

/**
 * Looks until the look finds what is waited for; at least once. An error of the look ends the wait.
 *
 * @param look is told the number of the attempt, from 1.
 * @throws what `look` and `late` throw; after the signal its reason if that is a QuorateError, else QuorateError `cancelled`.
 */
export async function until<T, M>(
  look: (attempt: number) => Promise<Looked<T, M>>,
  waiting: Waiting<T, M>,
): Promise<T> {
  const { attempts = Number.POSITIVE_INFINITY, everyMs, signal, wake, late } = waiting
  const ms = waiting.ms * (waiting.patienceFactor ?? 1)
  const end = performance.now() + ms
  for (let attempt = 1; ; attempt++) {
    const looked = await look(attempt)
    if ('found' in looked) return looked.found
    if (attempt >= attempts || performance.now() >= end) return await late(looked.missing, ms)
    await pause(typeof everyMs === 'number' ? everyMs : everyMs(), signal, wake)
  }
}

async function pause(
  ms: number,
  signal: AbortSignal | undefined,
  wake: Promise<unknown> | undefined,
): Promise<void> {
  const woken = new AbortController()
  const signals = [woken.signal, signal].filter((one) => one !== undefined)
  const wakeUp = () => woken.abort()
  wake?.then(wakeUp, wakeUp)
  try {
    await sleep(ms, undefined, { signal: AbortSignal.any(signals) })
  } catch (thrown) {
    if (signal?.aborted !== true) return
    throw signal.reason instanceof QuorateError
      ? signal.reason
      : new QuorateError('cancelled', 'cancelled while waiting', { cause: thrown })
  }
}

/** A `late` for what misses an error: throws it. */
export function giveUp(missing: unknown): never {
  throw missing
}
