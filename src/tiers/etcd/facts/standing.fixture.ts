/** Conditions for tests: three healthy voting members, the first of which leads, with changes for the test. */
import type { UnitState } from '../../../host/state.ts'
import type { Standing, MemberStanding } from './standing.ts'

export const MIB = 1024 ** 2

export const RUNNING: UnitState = {
  exists: true,
  active: 'active',
  enabled: true,
  needsReload: false,
  path: '/etc/systemd/system/etcd.service',
  dropIns: [],
  mainPid: 100,
  environment: {},
}

export const STOPPED: UnitState = { ...RUNNING, active: 'inactive', enabled: false, mainPid: 0 }

export function memberStanding(number: number, changes: Partial<MemberStanding> = {}): MemberStanding {
  return {
    name: `etcd0${number}`,
    unit: RUNNING,
    markedStopped: false,
    hasLog: true,
    pinnedTo: 'sample',
    listed: true,
    voter: true,
    healthy: true,
    trouble: undefined,
    leader: number === 1,
    version: '3.5.30',
    space: { sizeBytes: 4 * MIB, inUseBytes: 3 * MIB, quotaBytes: 20 * MIB },
    alarms: [],
    ...changes,
  }
}

/** A member that was stopped, or whose node is gone. */
export function downMember(number: number, changes: Partial<MemberStanding> = {}): MemberStanding {
  const trouble = 'nothing listens there'
  return memberStanding(number, {
    healthy: false,
    trouble,
    leader: false,
    version: undefined,
    space: undefined,
    unit: STOPPED,
    markedStopped: true,
    ...changes,
  })
}

export function clusterStanding(
  members: readonly MemberStanding[],
  changes: Partial<Standing> = {},
): Standing {
  return {
    voters: members.filter(({ voter }) => voter).length,
    healthyVoters: members.filter(({ voter, healthy }) => voter && healthy).length,
    leader: members.find(({ leader }) => leader)?.name,
    members,
    alarms: members.flatMap(({ name: member, alarms }) =>
      alarms.map((type) => ({
        member,
        memberId: BigInt(members.findIndex((one) => one.name === member)),
        type,
      })),
    ),
    revision: 500,
    ...changes,
  }
}
