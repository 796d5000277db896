/** What every step has in common, whatever product it belongs to. */

/** A step's effect on the cluster's ability to serve, as far as it has one. */
export type Danger = 'none' | 'restart' | 'membership'

/** Data: shown, saved, predicted, simulated and executed from the same value. A tier's kinds add what they work with. */
export interface StepCommon {
  /** The node it happens on; undefined: on this computer, or on the cluster as a whole. */
  readonly host?: string | undefined
  /** What it does, in a few words: 'write /etc/etcd/options.env'. For people: nothing depends on it. */
  readonly what: string
  /** Why it is needed: 'differs from the cluster file'. For people, too. */
  readonly why: string
  readonly danger: Danger
  /** It makes what is not there yet. Of kinds that both make and change things. */
  readonly creates?: boolean | undefined
}

export interface HostStepCommon extends StepCommon {
  readonly host: string
}

/** A step of any tier, as far as the engine has to know it. */
export interface EngineStep extends StepCommon {
  readonly kind: string
}

export interface BlockReason {
  readonly host?: string | undefined
  readonly message: string
  readonly hint?: string | undefined
  /**
   * The rest of the plan waits, for a person or for members to be well again; what comes before it is done: it is of use by
   * itself, and how members are by then nobody can foresee.
   */
  readonly putsOff?: boolean | undefined
}

/**
 * What comes next. The steps of one answer form a wave: those without a host come first, in their order; then each
 * host's in their order, all hosts at once.
 */
export type Next<S extends EngineStep> =
  | { readonly kind: 'steps'; readonly steps: readonly S[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }

/** The whole plan, foreseen. */
export interface Plan<S extends EngineStep> {
  /** In the order of the waves that they will run in. */
  readonly waves: readonly (readonly S[])[]
  /** Why it can't be carried out, or not to its end; empty: it can. */
  readonly blocked: readonly BlockReason[]
}
