/** The order within a wave; the simulation keeps the same. */
import type { EngineStep, HostStepCommon } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

export interface WaveOrder<S extends EngineStep> {
  /** What is done beside everything else: nothing in its wave waits for it. */
  readonly beside: readonly OfCluster<S>[]
  /** First, one after the other: what concerns the cluster as a whole. */
  readonly cluster: readonly OfCluster<S>[]
  /** Then each host's in their order, all hosts at once. */
  readonly hosts: ReadonlyMap<string, readonly OnHost<S>[]>
}

/** Those that happen on a machine. */
export type OnHost<S extends EngineStep> = Extract<S, HostStepCommon>

/** Those that are done from this computer, or through the cluster itself. */
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
