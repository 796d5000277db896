/** Removes a lock on one node: exactly the given lock, or none. */
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import script from './lock-break.sh?raw'
import { type LockReading, readHeld } from './lock-reading.ts'
import shared from './lock-state.sh?raw'

export interface BreakRequest {
  /** The lock as it was read. */
  readonly lock: LockReading
  /** Even after a newer heartbeat. */
  readonly evenIfItBeats: boolean
  readonly signal: AbortSignal
}

/**
 * @returns `free`: the lock was already gone; a reading: the lock is another one or has a new heartbeat, and was kept.
 * @throws QuorateError `command`
 */
export async function breakLock(
  remote: Remote,
  { lock, evenIfItBeats, signal }: BreakRequest,
): Promise<'removed' | 'free' | LockReading> {
  const { host } = remote
  const words = [lock.id, evenIfItBeats ? '' : lock.beat]
  const argv = ['sh', '-c', `${shared}${script}`, 'quorate-lock', ...words]
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
  const answer = stdout.trim()
  if (exitCode === 0 && (answer === 'removed' || answer === 'free')) return answer
  const held = readHeld(stdout, host)
  if (exitCode === 0 && held !== undefined) return held
  throw new QuorateError('command', stderr.trim() || `removing the lock failed with exit code ${exitCode}`, {
    host,
  })
}
