/** Waits for a condition: the only place where quorate polls. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'

/** The result of a look: the expected value, or the state that is still in the way. */
export type Looked<T, M> = { readonly found: T } | { readonly missing: M }

export interface Waiting<T, M> {
  /** How long to poll, in ms; `Infinity` if the number of attempts, or the look itself, sets the limit. */
  readonly ms: number
  /** Maximum number of looks; unlimited unless given. The limit that is reached first counts. */
  readonly attempts?: number | undefined
  /** What `ms` is multiplied by: the session's `patienceFactor`. */
  readonly patienceFactor?: number | undefined
  /** Between two looks, in ms. */
  readonly everyMs: number | (() => number)
  readonly signal: AbortSignal | undefined
  /** Look again at once when this settles. That look must end the wait. */
  readonly wake?: Promise<unknown> | undefined
  /**
   * Called when the time is up: throws what is still missing, or returns a substitute.
   *
   * @param waitedMs the limit that applied, `patienceFactor` included
   */
  readonly late: (missing: M, waitedMs: number) => T | Promise<T>
}

/**
 * Looks until the expected value is found; at least once. An error of the look ends the wait.
 *
 * @param look gets the number of the attempt, from 1.
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
      : new QuorateError('cancelled', 'canceled while waiting', { cause: thrown })
  }
}

/** A `late` that throws the error that a look left as missing. */
export function giveUp(missing: unknown): never {
  throw missing
}
