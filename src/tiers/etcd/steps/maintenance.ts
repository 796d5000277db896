/** What is done to a running cluster by name, beside `apply`: as data, like every other step. */
import type { BlockReason, StepCommon } from '../../../engine/step.ts'
import type { MoveLeaderStep } from './leadership.ts'
import type { PowerStep } from './power.ts'
import type { RestartStep } from './unit.ts'

interface OnMember extends StepCommon {
  readonly host: string
}

export type MaintenanceStep =
  | MoveLeaderStep
  | RestartStep
  | PowerStep
  | (OnMember & { readonly kind: 'defragment'; readonly danger: 'restart' })
  | (StepCommon & { readonly kind: 'compact'; readonly revision: number })
  | (StepCommon & { readonly kind: 'disarm'; readonly member: string; readonly alarm: string })
  /** A write that is read back from every member. */
  | (StepCommon & { readonly kind: 'prove-write' })

export interface MaintenancePlan<S extends MaintenanceStep = MaintenanceStep> {
  /** In their order; empty: there is nothing to do. */
  readonly steps: readonly S[]
  /** Why it is not done; empty: it may be. */
  readonly blocked: readonly BlockReason[]
  /** What whoever says yes should know. */
  readonly risks: readonly string[]
  /** Clients can't write before, meanwhile or afterwards, as whoever says yes was told: no use in measuring it. */
  readonly outage?: boolean | undefined
}

export function refusal(blocked: readonly BlockReason[]): MaintenancePlan<never> {
  return { steps: [], blocked, risks: [] }
}
