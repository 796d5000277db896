/** etcd.service on one node: loaded, enabled, started, waited for, restarted, stopped. */
import type { HostStepCommon } from '../../../engine/step.ts'
import type { Operation } from '../../../host/operations.ts'
import type { MemberState } from '../../../host/state.ts'
import { type HostKinds, type Predict, ofMember } from './kind.ts'
import { memberStarted, started } from './predict-members.ts'
import type { Piece, SimulatedMachine } from './simulated.ts'

/** Makes systemd read its units again. */
export interface ReloadStep extends HostStepCommon {
  readonly kind: 'reload'
}

/** Starts it at boot. */
export interface EnableStep extends HostStepCommon {
  readonly kind: 'enable'
}

/** `turn`: its position among the members that start in this stage, from 0. */
export type StartStep = HostStepCommon & Chown & Opens & { readonly kind: 'start'; readonly turn: number }

/** Waits for a start that an earlier run may have initiated: the directory above its WAL may have been closed since. */
export type ReadyStep = HostStepCommon & Opens & { readonly kind: 'ready' }

/** Stops a running member, starts it again and waits until it is ready: one member in each stage. */
export type RestartStep = HostStepCommon &
  Chown &
  Opens &
  Unawaited & {
    readonly kind: 'restart'
    readonly danger: 'restart'
    /** Where it served clients without TLS, and no longer will. */
    readonly closes?: readonly string[] | undefined
    /** What stops working while it restarts, in a few words for the operator; undefined: nothing that clients notice. */
    readonly outage?: string | undefined
  }

/** Where etcd creates its WAL at a member's first start: only then may it write to the parent directory. */
export interface FirstStart {
  readonly dataDirectory: string
  readonly walDirectory: string
}

export interface Unawaited {
  /** Too few run for a quorum: don't wait until it is ready. */
  readonly unawaited?: boolean | undefined
}

interface Opens {
  /** etcd may write to the directory above the WAL until it is ready, so that it can create the WAL. */
  readonly firstStart?: FirstStart | undefined
}

interface Chown {
  /** Directories that are given to etcd with all their content, while no member runs: another user's member wrote them. */
  readonly chown?: readonly string[] | undefined
}

/** Stops the unit, and disables its start at boot. */
export type StopStep = HostStepCommon & {
  readonly kind: 'stop'
  readonly unit: string
  /** After this time it is killed; what etcd has acknowledged is in its WAL. undefined: systemd's own limit. */
  readonly graceSeconds?: number | undefined
}

export type UnitStep = ReloadStep | EnableStep | StartStep | ReadyStep | RestartStep | StopStep

/** How long a member may take to become ready, in seconds: it waits for a quorum of the others. */
export const START_SECONDS = 60

/**
 * How long each member waits after the one before it, in seconds. A new member asks its peers one after the other
 * whether they know it already (etcd's isMemberBootstrapped), for up to 1 s each. A missing peer refuses at once, and a
 * serving one answers at once. But a peer that listens and doesn't serve yet, for about 30 ms, costs the full second.
 * So members that start at the same moment wait for each other: 2.6 s for three, instead of 0.6 s.
 */
const TURN_SECONDS = 0.12

/** A running member reports its identity itself. */
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
    // Its start was already in progress before this plan.
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

/** A running member changes the cluster's state too. */
export function running<S extends HostStepCommon>(predict: Predict<S>): Predict<S> {
  return (cluster, before, step) => memberStarted(cluster, predict(cluster, before, step), step.host)
}

/**
 * Each step that starts a member, or waits for one, opens the directory: systemd may have been trying since an earlier
 * run.
 */
function opening({ firstStart }: Opens): readonly Operation[] {
  return firstStart === undefined ? [] : [['ground_open', { wal: firstStart.walDirectory }]]
}

/** Not reached if the member doesn't become ready: systemd retries, and needs the directory open. */
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
