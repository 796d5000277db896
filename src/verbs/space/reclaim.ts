/** `quorate space reclaim`: makes a cluster writable again that is out of space. */
import { decideReclaim, planReclaim } from './decide-reclaim.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { NO_PROGRESS, type SpaceFacts, type SpaceStep } from '../../tiers/etcd/steps/space.ts'
import type { MaintenanceOptions } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import { quotaReport } from './quota.ts'
import { type Defragmented, type SpaceVerb, runSpaceVerb } from './run.ts'

export interface ReclaimReport {
  readonly done: readonly SpaceStep[]
  readonly defragmented: readonly Defragmented[]
  /** undefined while no client can write to the cluster. */
  readonly availability: Availability | undefined
}

export const RECLAIM: SpaceVerb<SpaceFacts> = {
  name: 'space reclaim',
  begin: (standing) => ({ standing, progress: NO_PROGRESS }),
  plan: ({ standing, progress }) => planReclaim(standing, progress),
  decide: decideReclaim,
  advise: (standing) => quotaReport(standing).advice,
}

/**
 * Compacts to the newest revision, defragments one member at a time, disarms the alarm, and writes a key. Inspects and
 * plans again after each step, so that a rerun completes an interrupted run.
 *
 * @throws QuorateError `blocked` if the live data alone exceeds the quota, with what to do; without a majority; while
 *   members' data may differ.
 */
export async function reclaimSpace(session: Session, options: MaintenanceOptions): Promise<ReclaimReport> {
  const { done, defragmented, availability } = await runSpaceVerb(session, RECLAIM, options)
  return { done, defragmented, availability }
}
