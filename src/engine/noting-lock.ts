/** A lock that passes on the nodes' notes: what was renamed is needed for a rollback. */
import type { Lock } from './lock.ts'

/** @param note gets a node's notes after each round trip */
export function notingLock(lock: Lock, note: (host: string, notes: readonly string[]) => void): Lock {
  return {
    lost: lock.lost,
    work: async (remote, run) => {
      const reply = await lock.work(remote, run)
      note(remote.host, reply.notes)
      return reply
    },
    // Its owner releases it.
    [Symbol.asyncDispose]: async () => undefined,
  }
}
