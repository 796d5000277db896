/** The intent of an apply, with the time and randomness that the pure planner doesn't have. */
import { randomBytes } from 'node:crypto'
import { compactTime } from '../../engine/compact-time.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { ApplyIntent } from './plan/intent.ts'

/** `startStopped`: also start members that `quorate stop` stopped. */
export function applyIntent(
  cluster: Cluster,
  now: Date,
  { token, startStopped }: { readonly token?: string; readonly startStopped?: boolean } = {},
): ApplyIntent {
  return {
    kind: 'apply',
    cluster,
    startStopped,
    stamp: compactTime(now),
    freshToken: token ?? `${cluster.name}-${randomBytes(8).toString('hex')}`,
    until: 'done',
  }
}
