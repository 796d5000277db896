/** The order within a stage; the simulation uses the same. */
import type { EngineStep, HostStepCommon } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

export interface WaveOrder<S extends EngineStep> {
  /** Steps in parallel with everything else: nothing in the stage waits for them. */
  readonly beside: readonly OfCluster<S>[]
  /** First, one after the other: steps of the whole cluster. */
  readonly cluster: readonly OfCluster<S>[]
  /** Then each host's in their order, all hosts at once. */
  readonly hosts: ReadonlyMap<string, readonly OnHost<S>[]>
}

/** Steps on a node. */
export type OnHost<S extends EngineStep> = Extract<S, HostStepCommon>

/** Steps on the workstation, or through the cluster itself. */
export type OfCluster<S extends EngineStep> = Exclude<S, HostStepCommon>

export function orderOf<S extends EngineStep>(wave: readonly S[], steps: StepRegistry): WaveOrder<S> {
  const whole = wave.filter((step): step is OfCluster<S> => step.host === undefined)
  return {
    beside: whole.filter((step) => steps.isBeside(step)),
    cluster: whole.filter((step) => !steps.isBeside(step)),
    hosts: Map.groupBy(
      wave.filter((step): step is OnHost<S> => step.host !== undefined),
      ({ host }) => host,
    ),
  }
}
