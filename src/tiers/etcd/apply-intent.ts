/** What an apply asks for, with the time and the chance that go into it: the planner knows neither. */
import { randomBytes } from 'node:crypto'
import { compactTime } from '../../engine/compact-time.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { ApplyIntent } from './plan/intent.ts'

/** `startStopped`: members that `quorate stop` stopped, too. */
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
