/** What all steps have in common, whatever product they belong to. */
import type { BlockedId } from '../blocked-ids.ts'

/** A step's effect on the cluster's ability to serve. */
export type Danger = 'none' | 'restart' | 'membership'

/** Data: shown, saved, predicted, simulated and executed from the same value. A tier's kinds add what they work with. */
export interface StepCommon {
  /** The node it happens on; undefined: on the workstation, or on the whole cluster. */
  readonly host?: string | undefined
  /** What it does, in a few words: 'write /etc/etcd/options.env'. For people: no code depends on it. */
  readonly what: string
  /** Why it is needed: 'differs from the cluster file'. For people, too. */
  readonly why: string
  readonly danger: Danger
  /** It creates something new. For kinds that both create and change. */
  readonly creates?: boolean | undefined
}

export interface HostStepCommon extends StepCommon {
  readonly host: string
}

/** A step of any tier, as the engine sees it. */
export interface EngineStep extends StepCommon {
  readonly kind: string
}

export interface BlockReason {
  readonly host?: string | undefined
  readonly message: string
  readonly hint?: string | undefined
  /** What stays the same when the message is reworded. */
  readonly id?: BlockedId | undefined
  /**
   * The rest of the plan waits for a person, or for healthy members. What comes before it is done: it is useful by itself,
   * and the members' later state can't be predicted.
   */
  readonly putsOff?: boolean | undefined
}

/**
 * The next steps. The steps of one answer form a stage: those without a host first, in their order; then each
 * host's in their order, all hosts at once.
 */
export type Next<S extends EngineStep> =
  | { readonly kind: 'steps'; readonly steps: readonly S[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }

/** The whole predicted plan. */
export interface Plan<S extends EngineStep> {
  /** In the order of their stages. */
  readonly waves: readonly (readonly S[])[]
  /** Why it can't be carried out completely; empty: it can. */
  readonly blocked: readonly BlockReason[]
}
