/** Asks any member that answers: a read at a revision is the same on each of them. */
import { type FailureKind, failureKind } from '../etcd/failure.ts'
import type { MemberClient } from '../etcd/client.ts'
import { type Looked, giveUp, until } from '../wait/until.ts'

/** Failures that another member, or the same one a moment later, may not have. */
const PASSING: ReadonlySet<FailureKind> = new Set([
  'refused',
  'unreachable',
  'closed',
  'deadline',
  'unavailable',
])

/** How often all are asked, and the pause before each round, in ms: an election takes one or two seconds. */
const ROUNDS = 6
const PAUSE_MS = 500

/**
 * Asks the first; if it fails, the others, and all of them again after a pause. Only for requests that are safe to
 * repeat.
 *
 * @throws QuorateError of the last one; at once for a failure that every member would repeat.
 */
export async function askAny<T>(
  clients: readonly MemberClient[],
  ask: (client: MemberClient) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let last: unknown = new TypeError('no member to ask')
  const round = async (): Promise<Looked<T, unknown>> => {
    for (const client of clients) {
      try {
        return { found: await ask(client) }
      } catch (error) {
        signal?.throwIfAborted()
        if (!PASSING.has(failureKind(error))) throw error
        last = error
      }
    }
    return { missing: last }
  }
  return await until(round, {
    ms: Number.POSITIVE_INFINITY,
    attempts: ROUNDS,
    everyMs: PAUSE_MS,
    signal,
    late: giveUp,
  })
}
