/** A lock whose work is listened to: what machines say that they have moved aside is the way back. */
import type { Lock } from './lock.ts'

/** @param note is told a node's notes after each round trip */
export function notingLock(lock: Lock, note: (host: string, notes: readonly string[]) => void): Lock {
  return {
    lost: lock.lost,
    work: async (remote, run) => {
      const reply = await lock.work(remote, run)
      note(remote.host, reply.notes)
      return reply
    },
    // Its owner ends it.
    [Symbol.asyncDispose]: async () => undefined,
  }
}
