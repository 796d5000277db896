/** One question to whichever member answers it: a read at a revision is the same from each of them. */
import { type FailureKind, failureKind } from '../etcd/failure.ts'
import type { MemberClient } from '../etcd/client.ts'
import { type Looked, giveUp, until } from '../wait/until.ts'

/** What another member, or the same a moment later, may well answer. */
const PASSING: ReadonlySet<FailureKind> = new Set([
  'refused',
  'unreachable',
  'closed',
  'deadline',
  'unavailable',
])

/** How often all are asked, and how long is waited before, in ms: an election takes one or two seconds. */
const ROUNDS = 6
const PAUSE_MS = 500

/**
 * Asks the first; where it fails, the others, and all of them again after a while. Only for what may be asked twice.
 *
 * @throws QuorateError as the last of them; at once for what no other would answer either.
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
