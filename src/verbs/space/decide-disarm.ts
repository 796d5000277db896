/** Decides which alarms are disarmed, and when none may be. A pure function of the members' state. */
import { hasRoom } from '../../etcd/space.ts'
import type { Next } from '../../engine/step.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { type MaintenancePlan, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import { type SpaceFacts, type SpaceStep, turnOf } from '../../tiers/etcd/steps/space.ts'
import { disarmStep } from './decide-reclaim.ts'

export function decideDisarm({ standing }: SpaceFacts): Next<SpaceStep> {
  return turnOf(planDisarm(standing))
}

export function planDisarm({ alarms, members }: Standing): MaintenancePlan<SpaceStep> {
  const corrupt = alarms.filter(({ type }) => type !== 'NOSPACE')
  if (corrupt.length > 0) {
    return refusal(
      corrupt.map(({ member: host, type }) => ({
        host,
        message: `alarm ${type} was not disarmed: it protects clients from data that may be wrong`,
        hint: 'run quorate repair, which finds the member that differs, replaces its data, and disarms the alarm',
      })),
    )
  }
  const full = members.filter(({ space }) => space !== undefined && !hasRoom(space))
  if (alarms.length > 0 && full.length > 0) {
    return refusal(
      full.map(({ name: host, space }) => ({
        host,
        message:
          space?.quotaBytes === undefined
            ? "unknown whether the member has free space again: its node can't be inspected"
            : 'the database of the member is still as large as its quota: the next write would raise the alarm again',
        hint: 'free space, disarm the alarm and test a write in one step: quorate space reclaim',
      })),
    )
  }
  return {
    steps: alarms.map(({ member }) => disarmStep(member)),
    blocked: [],
    risks:
      alarms.length === 0
        ? []
        : ['The cluster accepts writes again, and fills up again if nothing else changes.'],
  }
}
