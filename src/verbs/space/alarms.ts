/** `quorate alarms`: what is raised, and disarming what no longer holds. */
import { hasRoom } from '../../etcd/space.ts'
import { disarm } from '../../etcd/upkeep.ts'
import type { ClusterCondition } from '../../tiers/etcd/facts/condition.ts'
import { type MaintenancePlan, type MaintenanceStep, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import { disarmStep } from './decide-unjam.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { healthyClients, lookAtMembers } from '../../tiers/etcd/facts/members.ts'
import { type MaintenanceOptions, type UnderLock, underLock } from '../../engine/under-lock.ts'

export interface Alarms {
  readonly alarms: readonly { readonly member: string; readonly alarm: string; readonly meaning: string }[]
  /** Whether any member could say; if not, there may be some. */
  readonly known: boolean
}

const MEANINGS: Readonly<Record<string, string>> = {
  NOSPACE: 'the quota is used up: the cluster refuses writes (quorate unjam)',
  CORRUPT: "this member's contents differ from the others': the cluster refuses writes (quorate repair)",
}

export async function listAlarms(session: Session): Promise<Alarms> {
  const { condition, view } = await lookAtMembers(session)
  return {
    alarms: condition.alarms.map(({ member, type }) => ({
      member,
      alarm: type,
      meaning: MEANINGS[type] ?? 'not known to quorate',
    })),
    known: view.members.some((member) => member.reachable && member.alarms !== undefined),
  }
}

/**
 * Disarms NOSPACE where there is room again.
 *
 * @returns what was done; nothing if no alarm is raised.
 * @throws QuorateError `blocked` for CORRUPT, and while a member's file is as large as its quota.
 */
export async function disarmAlarms(
  session: Session,
  { confirm }: Pick<MaintenanceOptions, 'confirm'>,
): Promise<readonly MaintenanceStep[]> {
  const verb = { name: 'alarms disarm', plan: planDisarm, confirm, probe: false as const }
  const recorded = await underLock(session, verb, async (under) => {
    under.session.emit({ type: 'wave', steps: under.steps })
    for (const step of under.steps) await disarmOne(under, step)
    return under.steps
  })
  return recorded?.result ?? []
}

/** Through any member that answers. */
export async function disarmOne(
  { session, condition, signal }: Pick<UnderLock, 'session' | 'condition' | 'signal'>,
  step: MaintenanceStep,
): Promise<void> {
  if (step.kind !== 'disarm') throw new TypeError(`not an alarm: ${step.kind}`)
  const alarm = condition.alarms.find(({ member, type }) => member === step.member && type === step.alarm)
  const [client] = await healthyClients(session, condition)
  if (alarm === undefined || client === undefined) throw new TypeError(`no such alarm: ${step.what}`)
  await timed(session.emit, step, async () => await disarm(client, alarm, signal))
}

export function planDisarm({ alarms, members }: ClusterCondition): MaintenancePlan {
  const corrupt = alarms.filter(({ type }) => type !== 'NOSPACE')
  if (corrupt.length > 0) {
    return refusal(
      corrupt.map(({ member: host, type }) => ({
        host,
        message: `the alarm ${type} is not disarmed: it keeps clients from contents that may be wrong`,
        hint: 'quorate repair finds the one that differs, has it made anew, and disarms then',
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
            ? 'whether there is room again is not known: its machine can not be looked at'
            : 'its database is still as large as its quota: the next write would raise the alarm again',
        hint: 'make room, disarm and see that it writes, in one step: quorate unjam',
      })),
    )
  }
  return {
    steps: alarms.map(({ member }) => disarmStep(member)),
    blocked: [],
    risks:
      alarms.length === 0
        ? []
        : ['The cluster takes writes again, and fills up again if nothing else changes.'],
  }
}
