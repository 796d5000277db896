/** Whether a backup is missing: judged by two clocks, the node's that took the last and this computer's. Pure. */
import type { ScheduleThere } from './look.ts'

/** Two clocks may differ by so much, in ms, and mean the same. */
const TOLERANCE_MS = 5 * 60_000

/**
 * What there is instead of a backup of the last two periods; undefined: there is one, as far as is known. A success that
 * is yet to come (one of the clocks was set back since) says nothing of the time that has passed.
 */
export function overdueSince(
  { state, periodSeconds }: Pick<ScheduleThere, 'state' | 'periodSeconds'>,
  now: Date,
): string | undefined {
  if (state === undefined || periodSeconds === undefined) return undefined
  const { lastSuccess } = state
  if (lastSuccess === undefined) return 'no backup was taken so far'
  const age = now.getTime() - Date.parse(lastSuccess)
  if (age < -TOLERANCE_MS)
    return `the latest backup is of ${lastSuccess}, which is ahead of this workstation's clock`
  return age > 2 * periodSeconds * 1000 ? `the latest backup is of ${lastSuccess}` : undefined
}
