/** What is known of a kind of step of a tier beside etcd: work on one machine, whose effect its `ServicesState` shows. */
import type { Operation } from '../host/operations.ts'
import type { Contents } from '../host/parcel.ts'
import type { ServicesState } from '../host/services.ts'
import type { StepKind } from './step-registry.ts'
import type { EngineStep, HostStepCommon } from './step.ts'

export interface TierStepCommon extends HostStepCommon {
  /** The tier. */
  readonly tier: string
  /** A cluster's ability to serve does not depend on it. */
  readonly danger: 'none'
}

export interface ServiceKind<S extends TierStepCommon & EngineStep> extends StepKind<S> {
  /** What the machine is like afterwards. */
  predict(services: ServicesState, step: S): ServicesState
  /**
   * As the agent's operations.
   *
   * @param contents what the step needs from this computer, by the names that its kind says: its tier supplies it
   */
  operations(step: S, contents: Contents): readonly Operation[]
  /** What it really does to a machine of the simulation, cut into the pieces between which a tool can die. */
  simulate(machine: { services: ServicesState }, step: S): readonly (() => void)[]
}

/** One entry for each kind of `S`: a kind without one does not compile. */
export type ServiceKinds<S extends TierStepCommon & EngineStep> = {
  readonly [K in S['kind']]: ServiceKind<Extract<S, { readonly kind: K }>>
}
