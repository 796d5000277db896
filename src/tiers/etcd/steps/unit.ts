/** etcd.service on one machine: started, waited for, restarted, stopped. */
import type { HostStepCommon } from '../../../engine/step.ts'

/** `turn`: its place among the members that start in this wave, from 0. */
export type StartStep = HostStepCommon & Chown & Opens & { readonly kind: 'start'; readonly turn: number }

/** Waits for a start, which a run before this one may have begun: the folder above its log may be closed since. */
export type ReadyStep = HostStepCommon & Opens & { readonly kind: 'ready' }

/** Stops a member that runs, starts it again and waits until it is ready: one member a wave. */
export type RestartStep = HostStepCommon &
  Chown &
  Opens & {
    readonly kind: 'restart'
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
