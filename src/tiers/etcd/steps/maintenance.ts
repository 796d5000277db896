/** Operations on a running cluster that are requested by name, outside of `apply`: as data, like every other step. */
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
  /** Reads a write back from every member. */
  | (StepCommon & { readonly kind: 'prove-write' })

export interface MaintenancePlan<S extends MaintenanceStep = MaintenanceStep> {
  /** In order; empty: there is nothing to do. */
  readonly steps: readonly S[]
  /** Why it isn't done; empty: it is allowed. */
  readonly blocked: readonly BlockReason[]
  /** What the operator should know before confirming. */
  readonly risks: readonly string[]
  /**
   * Clients can't write before, during or after the operation, and the confirmation said so: measuring it would be
   * useless.
   */
  readonly outage?: boolean | undefined
}

export function refusal(blocked: readonly BlockReason[]): MaintenancePlan<never> {
  return { steps: [], blocked, risks: [] }
}
