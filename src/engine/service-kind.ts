/** A kind of step of a tier other than etcd: work on one node, with an effect that its `ServicesState` shows. */
import type { Operation } from '../host/operations.ts'
import type { Contents } from '../host/parcel.ts'
import type { ServicesState } from '../host/services.ts'
import type { StepKind } from './step-registry.ts'
import type { EngineStep, HostStepCommon } from './step.ts'

export interface TierStepCommon extends HostStepCommon {
  /** The tier. */
  readonly tier: string
  /** The cluster's ability to serve doesn't depend on it. */
  readonly danger: 'none'
}

export interface ServiceKind<S extends TierStepCommon & EngineStep> extends StepKind<S> {
  /** The node's state afterwards. */
  predict(services: ServicesState, step: S): ServicesState
  /**
   * As the agent's operations.
   *
   * @param contents what the step needs from the workstation, by the names of its kind; its tier supplies it
   */
  operations(step: S, contents: Contents): readonly Operation[]
  /** Its effect on a node of the simulation, in the pieces between which the tool can die. */
  simulate(machine: { services: ServicesState }, step: S): readonly (() => void)[]
}

/** One entry for each kind of `S`: a missing one does not compile. */
export type ServiceKinds<S extends TierStepCommon & EngineStep> = {
  readonly [K in S['kind']]: ServiceKind<Extract<S, { readonly kind: K }>>
}
