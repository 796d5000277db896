/** The retries of an ordinary client: short attempts, each on another member, until one succeeds or the time is up. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { CallOptions, MemberClient } from '../etcd/client.ts'
import { type FailureKind, failureKind } from '../etcd/failure.ts'
import type { Endpoints } from './endpoints.ts'

/** How long one attempt on one member may take, in ms. */
export const ATTEMPT_MS = 1_000

/** How long an operation is tried before it has failed, in ms. */
export const OPERATION_MS = 10_000

/** Between two attempts of one operation, in ms; doubled each time. */
const PAUSE_MS = { first: 20, longest: 200 }

/** Failures that another member would repeat. */
const FINAL: ReadonlySet<FailureKind> = new Set(['exhausted', 'denied', 'unauthenticated', 'unsupported'])

export interface Patience {
  readonly endpoints: Endpoints
  readonly monotonic: () => number
  /** Ends it, with the code `cancelled`. */
  readonly signal: AbortSignal
  /** How long it is tried, in ms; `OPERATION_MS` by default. */
  readonly operationMs?: number | undefined
  /** Called for every attempt after the first. */
  readonly onRetry?: (() => void) | undefined
}

/**
 * @param attempt one attempt on one member. It runs again after a failure, so it must be safe to repeat.
 * @throws QuorateError of the last attempt; `cancelled` after the signal
 */
export async function withRetries<T>(
  attempt: (member: MemberClient, options: CallOptions) => Promise<T>,
  { endpoints, monotonic, signal, operationMs = OPERATION_MS, onRetry }: Patience,
): Promise<T> {
  const deadline = monotonic() + operationMs
  let pauseMs = PAUSE_MS.first
  let member: MemberClient | undefined
  for (;;) {
    member = endpoints.choose(member)
    try {
      const timeoutMs = Math.max(1, Math.min(ATTEMPT_MS, Math.ceil(deadline - monotonic())))
      const value = await attempt(member, { timeoutMs, signal })
      endpoints.succeeded(member.name)
      return value
    } catch (error) {
      if (signal.aborted) throw error
      endpoints.failed(member.name, error)
      if (FINAL.has(failureKind(error)) || monotonic() + pauseMs >= deadline) throw error
    }
    await sleep(pauseMs, undefined, { signal }).catch((error: unknown) => {
      throw new QuorateError('cancelled', 'canceled while waiting for etcd', { cause: error })
    })
    pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)
    onRetry?.()
  }
}
