/**
 * What quorate can do to a cluster, as data: shown, saved, predicted, simulated and executed from the same value. Each
 * family of kinds has its own file, which defines all of its properties. This file combines them.
 */
import type * as engine from '../../../engine/step.ts'
import type { ServiceStep } from '../../../engine/service-steps.ts'
import type { GuestHostStep, GuestStep } from '../guests.ts'
import type { AsideStep, RemoveStep } from './aside.ts'
import type { AuthorityStep, CaStep, CertificatesStep, KeyStep, TlsModesStep } from './certificates.ts'
import type { DowngradeStep } from './downgrade.ts'
import type { FileStep } from './file.ts'
import type { AwaitHealthStep, CanaryStep, CompareStep, VerifyStep } from './health.ts'
import type { MoveLeaderStep } from './leadership.ts'
import type { MachineStep } from './machine.ts'
import type { MaintenanceStep } from './maintenance.ts'
import type { MembershipStep } from './membership.ts'
import type { RecoveryStep } from './recovery.ts'
import type { RestoreStep } from './restore.ts'
import type { ReloadStep, StopStep, UnitStep } from './unit.ts'

export type HostStep =
  | MachineStep
  | FileStep
  | KeyStep
  | CertificatesStep
  | CaStep
  | TlsModesStep
  | UnitStep
  | AsideStep
  | RestoreStep
  | ServiceStep
  | GuestHostStep

export type ClusterStep =
  | AuthorityStep
  | AwaitHealthStep
  | VerifyStep
  | CompareStep
  | CanaryStep
  | DowngradeStep
  | MoveLeaderStep
  | MembershipStep
  | GuestStep

export type Step = HostStep | ClusterStep

/** What removes a member from a node: never part of `apply`, only of `reset`, which is requested by name. */
export type ResetStep = StopStep | AsideStep | RemoveStep | ReloadStep

export type AnyStep = Step | ResetStep | MaintenanceStep | RecoveryStep

export function isHostStep(step: Step): step is HostStep {
  return step.host !== undefined
}

export type Next = engine.Next<Step>
