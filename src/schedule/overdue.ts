/**
 * Judges whether a backup is missing, by two clocks: the node's, which took the last one, and the workstation's. Pure.
 */
import type { ScheduleThere } from './look.ts'

/** Two clocks may differ by this much, in ms. */
const TOLERANCE_MS = 5 * 60_000

/**
 * Says what there is instead of a backup in the last two periods; undefined: there is one, as far as known. A success
 * in the future (one of the clocks was set back) says nothing about the time that has passed.
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
