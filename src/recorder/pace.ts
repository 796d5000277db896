/** A steady pace that doesn't drift, and that knows when it was late. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Pace {
  readonly intervalMs: number
  readonly startedMs: number
  readonly monotonic: () => number
  readonly signal: AbortSignal
  /** What is due at each beat, distributed over the interval: none waits for another. */
  readonly due: readonly (() => void)[]
}

/** Runs until the signal. @returns the longest delay: this process was busy with other work for so long */
export async function keepPace(pace: Pace): Promise<{ readonly ownPauseMs: number }> {
  const { startedMs, monotonic, signal, due } = pace
  const beatMs = pace.intervalMs / due.length
  let ownPauseMs = 0
  for (let beat = 0; !signal.aborted; beat++) {
    due[beat % due.length]?.()
    const nextMs = startedMs + (beat + 1) * beatMs
    const waitMs = nextMs - monotonic()
    await sleep(Math.max(0, waitMs), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    const lateMs = monotonic() - Math.max(nextMs, nextMs - waitMs)
    ownPauseMs = Math.max(ownPauseMs, lateMs)
    // Missed beats are not made up for: a burst would show nothing about the cluster.
    const missed = Math.floor(Math.max(0, monotonic() - nextMs) / beatMs)
    beat += missed - (missed % due.length)
  }
  return { ownPauseMs }
}
