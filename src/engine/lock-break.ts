/** Takes a lock from its holder on one machine: that very lock, or none. */
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import script from './lock-break.sh?raw'
import { type LockReading, readHeld } from './lock-reading.ts'
import shared from './lock-state.sh?raw'

export interface BreakRequest {
  /** The lock, as it was seen there. */
  readonly lock: LockReading
  /** Even if it gave a sign of life since it was seen. */
  readonly evenIfItBeats: boolean
  readonly signal: AbortSignal
}

/**
 * @returns `free`: the lock was gone already; a reading: it is another one by now, or gave a sign of life, and was left.
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
  throw new QuorateError('command', stderr.trim() || `removing the lock ended with exit code ${exitCode}`, {
    host,
  })
}
