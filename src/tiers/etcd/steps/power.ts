/** Members off and on again because an operator asked for it by name; a restart is the one that `apply` has. */
import type { StepKinds } from '../../../engine/step-registry.ts'
import type { HostStepCommon } from '../../../engine/step.ts'

/** Stopped, not started at boot, and marked: that it was meant. */
export interface StopMemberStep extends HostStepCommon {
  readonly kind: 'stop-member'
  readonly danger: 'restart'
}

/** Enabled and started. */
export interface StartMemberStep extends HostStepCommon {
  readonly kind: 'start-member'
}

export type PowerStep = StopMemberStep | StartMemberStep

export const POWER: StepKinds<PowerStep> = {
  'stop-member': { action: 'stop' },
  'start-member': { action: 'start' },
}
