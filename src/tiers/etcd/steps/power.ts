/** Stops and starts members that an operator named; a restart is the same step as in `apply`. */
import type { HostStepCommon } from '../../../engine/step.ts'
import { PATHS } from '../../../host/state.ts'
import type { ClusterFacts } from '../facts/observed.ts'
import { type HostKinds, type Predict, needed, ofMember } from './kind.ts'
import { START_SECONDS, type Unawaited, running, runningMember } from './unit.ts'

/** Stopped, not started at boot, and marked: an operator wanted it. */
export interface StopMemberStep extends HostStepCommon {
  readonly kind: 'stop-member'
  readonly danger: 'restart'
}

/** Enabled and started; waits until it is ready. */
export type StartMemberStep = HostStepCommon & Unawaited & { readonly kind: 'start-member' }

export type PowerStep = StopMemberStep | StartMemberStep

const UNIT_NAME = { unit: 'etcd.service' } as const
const MARK = { owner: 'root', group: 'root', mode: '600' } as const

export const POWER: HostKinds<PowerStep> = {
  'stop-member': {
    action: 'stop',
    predict: (cluster, before, step) => {
      const after = STOPPED(cluster, before, step)
      return { ...after, cluster: after.cluster && answeredByOthers(after.cluster, step.host) }
    },
    // The marker is written first, and counts only once the member is down.
    operations: (step, { now }) => {
      const content = { text: `since=${needed(now, step).toISOString()}\n` }
      return [
        ['file', { content, path: PATHS.stopped, ...MARK }],
        ['stop', UNIT_NAME],
      ]
    },
    simulate: (machine) => [
      () => machine.writeFile(PATHS.stopped, 'since=now\n', MARK),
      () => machine.disable(),
      () => machine.stop(),
    ],
  },

  'start-member': {
    action: 'start',
    predict: running(
      ofMember((member) => {
        const after = runningMember(member)
        return { ...after, unit: { ...after.unit, enabled: true, needsReload: false } }
      }),
    ),
    operations: ({ unawaited = false }) => [
      ['enable', UNIT_NAME],
      ['start', { ...UNIT_NAME, delay: '0', folders: [] }],
      ...(unawaited ? [] : [['ready', { ...UNIT_NAME, seconds: String(START_SECONDS) }] as const]),
    ],
    simulate: (machine) => [() => machine.enable(), () => machine.start()],
  },
}

const STOPPED: Predict<StopMemberStep> = ofMember(({ unit }) => ({
  stoppedByOperator: { since: undefined },
  unit: { ...unit, active: 'inactive', enabled: false, environment: undefined, mainPid: 0 },
}))

function answeredByOthers({ healthy, leading, ...facts }: ClusterFacts, host: string): ClusterFacts {
  return {
    ...facts,
    healthy: healthy.filter((name) => name !== host),
    leading: leading === host ? undefined : leading,
  }
}
