/** `quorate alarms`: lists alarms, and disarms those whose cause is gone. */
import { decideDisarm, planDisarm } from './decide-disarm.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { MEMBERS } from '../../tiers/etcd/facts/facets.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import { NO_PROGRESS, type SpaceFacts, type SpaceStep } from '../../tiers/etcd/steps/space.ts'
import type { MaintenanceOptions } from '../../tiers/etcd/under-lock.ts'
import { type SpaceVerb, runSpaceVerb } from './run.ts'

export interface Alarms {
  readonly alarms: readonly { readonly member: string; readonly alarm: string; readonly meaning: string }[]
  /** Whether any member answered; if not, there may be alarms. */
  readonly known: boolean
}

const MEANINGS: Readonly<Record<string, string>> = {
  NOSPACE: 'the quota is exhausted: the cluster rejects writes (quorate space reclaim)',
  CORRUPT: "this member's keyspace differs from the others': the cluster rejects writes (quorate repair)",
}

export async function listAlarms(session: Session): Promise<Alarms> {
  const { cluster } = await observe(session, MEMBERS)
  return {
    alarms: (cluster?.alarms ?? []).map(({ member, type }) => ({
      member,
      alarm: type,
      meaning: MEANINGS[type] ?? 'unknown to quorate',
    })),
    known: cluster?.alarms !== undefined,
  }
}

export const DISARM: SpaceVerb<SpaceFacts> = {
  name: 'alarms disarm',
  begin: (standing) => ({ standing, progress: NO_PROGRESS }),
  plan: ({ standing }) => planDisarm(standing),
  decide: decideDisarm,
}

/**
 * Disarms NOSPACE where there is free space again.
 *
 * @returns what was done; nothing if no alarm is raised.
 * @throws QuorateError `blocked` for CORRUPT, and while a member's database is as large as its quota.
 */
export async function disarmAlarms(
  session: Session,
  { confirm }: Pick<MaintenanceOptions, 'confirm'>,
): Promise<readonly SpaceStep[]> {
  const { done } = await runSpaceVerb(session, DISARM, { confirm, probe: false })
  return done
}
