/** What quorate can do to a cluster, as data: shown, saved, predicted, simulated and executed from the same value. */
import type * as engine from '../../../engine/step.ts'
import type { HostStepCommon, StepCommon } from '../../../engine/step.ts'
import type { FlannelNetwork, KeyAlgorithm } from '../../../spec/cluster.ts'
import type { Architecture } from '../../../host/state.ts'
import type { MoveLeaderStep } from './leadership.ts'
import type { MaintenanceStep } from './maintenance.ts'
import type { RecoveryStep } from './recovery-steps.ts'
import type { RestoreStep } from './restore-steps.ts'
import type { ServiceStep } from '../../../engine/service-steps.ts'
import type { ReadyStep, RestartStep, StartStep, StopStep } from './unit.ts'

export interface FileStep extends HostStepCommon {
  readonly kind: 'file'
  readonly path: string
  readonly content: string
  /** What stands there now; undefined: nothing. */
  readonly before: string | undefined
  readonly owner: string
  readonly group: string
  /** As `stat` says it, e.g. `640`. */
  readonly mode: string
}

export interface KeyStep extends HostStepCommon {
  readonly kind: 'key'
  readonly name: CertificateName
  /** The openssl.cnf that the request is made from. */
  readonly configuration: string
  readonly algorithm: KeyAlgorithm
  /** The request is for the key that is in force, because nothing is wrong with that. */
  readonly keep: boolean
}

/** The file name of a certificate on its node: one for everything, or one for each purpose. */
export type CertificateName = 'etcd' | 'peer' | 'server'

export type HostStep =
  | (HostStepCommon & { readonly kind: 'packages'; readonly packages: readonly string[] })
  | (HostStepCommon & { readonly kind: 'user'; readonly user: string; readonly shell: string })
  | (HostStepCommon & {
      readonly kind: 'directory'
      readonly path: string
      readonly owner: string
      readonly group: string
      readonly mode: string
    })
  | (HostStepCommon & {
      readonly kind: 'binaries'
      readonly version: string
      readonly architecture: Architecture
    })
  | FileStep
  | KeyStep
  /** Signs the waiting requests and puts key and certificate in force, together. */
  | (HostStepCommon & { readonly kind: 'certificates'; readonly names: readonly CertificateName[] })
  | (HostStepCommon & { readonly kind: 'ca' })
  | (HostStepCommon & { readonly kind: 'tls-modes' })
  | (HostStepCommon & { readonly kind: 'reload' })
  | (HostStepCommon & { readonly kind: 'enable' })
  | StartStep
  | ReadyStep
  | RestartStep
  | StopStep
  | AsideStep
  | RestoreStep
  /** Of the tiers beside etcd. */
  | ServiceStep

/** Renames to `PATH.SUFFIX`, beside where it was. */
export type AsideStep = HostStepCommon & {
  readonly kind: 'aside'
  readonly suffix: string
  readonly paths: readonly string[]
  /** Those of them that can't be renamed: what is in them moves to `PATH/.quorate-aside.SUFFIX`. */
  readonly within?: readonly string[] | undefined
}

export type ClusterStep =
  /** Makes the CA, where it is quorate's to make. */
  | (StepCommon & { readonly kind: 'authority' })
  /** Waits until all members answer. */
  | (StepCommon & { readonly kind: 'await-health' })
  /** A write read back from every member, and equal contents everywhere. */
  | (StepCommon & { readonly kind: 'verify' })
  /** Equal contents on every member, before one of them is taken away for a moment. */
  | (StepCommon & { readonly kind: 'compare' })
  /** Members of a new version are watched at work, before the others follow. `nodes`: those that run it. */
  | (StepCommon & { readonly kind: 'canary'; readonly nodes: readonly string[]; readonly seconds: number })
  | DowngradeStep
  | MoveLeaderStep
  | MembershipStep
  | (StepCommon & {
      readonly kind: 'network'
      readonly network: FlannelNetwork
      readonly before: string | undefined
    })

/** A part of etcd's own downgrade. `target`: the minor, like `3.5`. */
export type DowngradeStep = StepCommon & {
  /**
   * - `downgrade-enable`: validates it, and enables it.
   * - `downgrade-await`: waits until the data of every member is in the older format.
   * - `downgrade-cancel`: members of the newer minor keep their data, and the cluster's minor rises again.
   */
  readonly kind: 'downgrade-enable' | 'downgrade-await' | 'downgrade-cancel'
  readonly target: string
}

/** A change of who belongs to the cluster: one a wave, and never two within five seconds. */
export type MembershipStep =
  /** `members`: IDs of those that there should be beforehand; anything else stops the run. */
  | (StepCommon & {
      readonly kind: 'member-add'
      readonly node: string
      readonly peerUrls: readonly string[]
      readonly learner: boolean
      readonly members: readonly string[]
    })
  /** Gives a learner its vote, once it truly has caught up. */
  | (StepCommon & { readonly kind: 'promote'; readonly node: string; readonly memberId: string })
  /** `name`: as the member list has it; empty: it never started. */
  | (StepCommon & { readonly kind: 'member-remove'; readonly name: string; readonly memberId: string })
  /** Tells the others where to find it from now on. */
  | (StepCommon & {
      readonly kind: 'member-update'
      readonly node: string
      readonly memberId: string
      readonly peerUrls: readonly string[]
    })

export type Step = HostStep | ClusterStep

/** What takes a member off a machine: never part of `apply`, only of `reset`, which was asked for by name. */
export type ResetStep =
  | StopStep
  | AsideStep
  | (HostStepCommon & { readonly kind: 'remove'; readonly paths: readonly string[] })
  | (HostStepCommon & { readonly kind: 'reload' })

export type AnyStep = Step | ResetStep | MaintenanceStep | RecoveryStep

export function isHostStep(step: Step): step is HostStep {
  return step.host !== undefined
}

export type Next = engine.Next<Step>
