/** etcd.service on one machine: loaded, enabled, started, waited for, restarted, stopped. */
import type { HostStepCommon } from '../../../engine/step.ts'
import type { Operation } from '../../../host/operations.ts'
import type { MemberState } from '../../../host/state.ts'
import { type HostKinds, type Predict, ofMember } from './kind.ts'
import { memberStarted, started } from './predict-members.ts'
import type { Piece, SimulatedMachine } from './simulated.ts'

/** Has systemd read its units again. */
export interface ReloadStep extends HostStepCommon {
  readonly kind: 'reload'
}

/** It starts at boot. */
export interface EnableStep extends HostStepCommon {
  readonly kind: 'enable'
}

/** `turn`: its place among the members that start in this wave, from 0. */
export type StartStep = HostStepCommon & Chown & Opens & { readonly kind: 'start'; readonly turn: number }

/** Waits for a start, which a run before this one may have begun: the folder above its log may be closed since. */
export type ReadyStep = HostStepCommon & Opens & { readonly kind: 'ready' }

/** Stops a member that runs, starts it again and waits until it is ready: one member a wave. */
export type RestartStep = HostStepCommon &
  Chown &
  Opens &
  Unawaited & {
    readonly kind: 'restart'
    readonly danger: 'restart'
    /** Where it served clients without TLS, and will not any more. */
    readonly closes?: readonly string[] | undefined
    /** What stands still while it restarts, in a few words for people; undefined: nothing that clients notice. */
    readonly outage?: string | undefined
  }

/** Where etcd makes its log at a member's first start: only then it can write to the folder above. */
export interface FirstStart {
  readonly dataDirectory: string
  readonly walDirectory: string
}

export interface Unawaited {
  /** Too few run to be a quorum: nobody waits until it is ready. */
  readonly unawaited?: boolean | undefined
}

interface Opens {
  /** The folder above the log is open to etcd until it is ready, so that it can make its log. */
  readonly firstStart?: FirstStart | undefined
}

interface Chown {
  /** Folders that become etcd's with all that is in them, while no member runs: another user's member wrote them. */
  readonly chown?: readonly string[] | undefined
}

/** Stops the unit, and keeps it from starting at boot. */
export type StopStep = HostStepCommon & {
  readonly kind: 'stop'
  readonly unit: string
  /** It is killed then; what etcd has acknowledged is in its log. undefined: as long as systemd lets it. */
  readonly graceSeconds?: number | undefined
}

export type UnitStep = ReloadStep | EnableStep | StartStep | ReadyStep | RestartStep | StopStep

/** How long a member may take to become ready, in seconds: it waits for a quorum of the others. */
export const START_SECONDS = 60

/**
 * How long each member lets the one before it go ahead, in seconds. A new member asks its peers whether it is known
 * already (etcd's isMemberBootstrapped), one after the other, for up to 1 s each. A peer that is not there refuses at
 * once, one that serves answers at once; but one that listens and does not serve yet, for some 30 ms, costs the full
 * second. Members started in the very same moment wait for each other so: 2.6 s for three, instead of 0.6 s.
 */
const TURN_SECONDS = 0.12

/** Whose data it has a member that runs says itself. */
const RUNS = { dataPresent: true, walPresent: true, logIdentity: undefined } as const

export const UNIT: HostKinds<UnitStep> = {
  reload: {
    action: 'change',
    predict: ofMember(({ unit }) => ({ unit: { ...unit, needsReload: false } })),
    operations: () => [['reload']],
    simulate: (machine) => [() => machine.reload()],
  },

  enable: {
    action: 'change',
    predict: ofMember(({ unit }) => ({
      stoppedByOperator: undefined,
      unit: { ...unit, enabled: true, needsReload: false },
    })),
    operations: () => [['enable', { unit: 'etcd.service' }]],
    simulate: (machine) => [() => machine.enable()],
  },

  start: {
    action: 'start',
    predict: running(ofMember(runningMember)),
    operations: ({ turn, chown = [], ...step }) => [
      ...opening(step),
      ['start', { unit: 'etcd.service', delay: (turn * TURN_SECONDS).toFixed(2), folders: chown }],
    ],
    simulate: (machine, step) => [...opened(machine, step), () => machine.start()],
  },

  ready: {
    action: 'check',
    // One that had begun by itself: nobody started it in this plan.
    predict: running(ofMember(({ unit }) => ({ ...RUNS, unit: { ...unit, active: 'active' } }))),
    operations: (step) => [
      ...opening(step),
      ['ready', { unit: 'etcd.service', seconds: String(START_SECONDS) }],
      ...closing(step),
    ],
    simulate: (machine, step) => [...opened(machine, step), ...closed(machine, step)],
  },

  restart: {
    action: 'restart',
    predict: running(ofMember(runningMember)),
    operations: ({ chown = [], unawaited = false, ...step }) => [
      ...opening(step),
      ['restart', { unit: 'etcd.service', seconds: unawaited ? '0' : String(START_SECONDS), folders: chown }],
      ...closing(step),
    ],
    simulate: (machine, step) => [
      () => machine.stopToRestart(),
      ...opened(machine, step),
      () => machine.start(),
      ...closed(machine, step),
    ],
  },

  stop: {
    action: 'stop',
    predict: ofMember(({ unit }) => ({
      unit: { ...unit, active: 'inactive', enabled: false, environment: undefined },
    })),
    operations: ({ unit, graceSeconds }) => [['stop', { unit, seconds: graceSeconds?.toString() }]],
    simulate: (machine) => [() => machine.stop(), () => machine.disable()],
  },
}

/** A member that was started, whatever had stopped it. */
export function runningMember(member: MemberState) {
  return { ...RUNS, stoppedByOperator: undefined, unit: started(member) } as const
}

/** With a member that runs the cluster is another one. */
export function running<S extends HostStepCommon>(predict: Predict<S>): Predict<S> {
  return (cluster, before, step) => memberStarted(cluster, predict(cluster, before, step), step.host)
}

/** Each step that starts a member, or waits for one, opens it by itself: systemd may be trying since an earlier run. */
function opening({ firstStart }: Opens): readonly Operation[] {
  return firstStart === undefined ? [] : [['ground_open', { wal: firstStart.walDirectory }]]
}

/** Not reached where the member does not become ready: it is tried again and again, and needs it open. */
function closing({ firstStart }: Opens): readonly Operation[] {
  if (firstStart === undefined) return []
  return [['ground_close', { data: firstStart.dataDirectory, wal: firstStart.walDirectory }]]
}

function opened(machine: SimulatedMachine, { firstStart }: Opens): readonly Piece[] {
  return firstStart === undefined ? [] : [() => machine.openGround()]
}

function closed(machine: SimulatedMachine, { firstStart }: Opens): readonly Piece[] {
  return firstStart === undefined ? [] : [() => machine.closeGround()]
}
