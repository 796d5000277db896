/** The registry of step kinds: identity, and effect in one word. */
import type { EngineStep } from './step.ts'

/** `check`: it reads, waits or compares, and changes nothing permanently. */
export const ACTIONS = ['create', 'change', 'start', 'restart', 'stop', 'remove', 'check'] as const
export type Action = (typeof ACTIONS)[number]

export interface StepKind<S extends EngineStep> {
  /** `made`: `create` or `change`, by whether its result exists already. */
  readonly action: Action | 'made'
  /** Distinguishes two steps of this kind on one host, by their data; none: there is one at a time. */
  readonly distinguishes?: ((step: S) => readonly string[]) | undefined
  /** It changes the leader or the members: it has its own turn in the shown order. */
  readonly ofCluster?: boolean | undefined
  /** It runs in parallel with its stage: nothing waits for it. For kinds without a host. */
  readonly beside?: boolean | undefined
}

/** One entry for each kind of `S`: a missing one does not compile. */
export type StepKinds<S extends EngineStep> = {
  readonly [K in S['kind']]: StepKind<Extract<S, { readonly kind: K }>>
}

export interface StepRegistry {
  /**
   * `kind host distinction`, like `restart etcd01` or `file etcd01 /etc/etcd/options.env`: equal for equal
   * work on the same thing, in every run and every wording. Confirmed, shown, saved and completed steps are compared by it.
   *
   * @throws TypeError for an unregistered kind
   */
  readonly idOf: (step: EngineStep) => string
  /** The ID, and all data of the step except its texts: differs if the same thing gets other content. */
  readonly workOf: (step: EngineStep) => string
  readonly actionOf: (step: EngineStep) => Action
  /** Whether nothing in its stage waits for it. */
  readonly isBeside: (step: EngineStep) => boolean
  /** Whether it has its own turn in the order of a plan. */
  readonly isOfCluster: (step: EngineStep) => boolean
}

export function stepRegistry<S extends EngineStep>(kinds: StepKinds<S>): StepRegistry {
  const known = new Map<string, StepKind<EngineStep>>(Object.entries(kinds))
  const kindOf = ({ kind }: EngineStep): StepKind<EngineStep> => {
    const found = known.get(kind)
    if (found === undefined) throw new TypeError(`no such kind of step: ${kind}`)
    return found
  }
  const idOf = (step: EngineStep) => {
    const { kind, host } = step
    const further = kindOf(step).distinguishes?.(step) ?? []
    return [kind, ...(host === undefined ? [] : [host]), ...further].join(' ')
  }
  return {
    idOf,
    workOf: (step) => {
      const { what: _what, why: _why, ...carried } = step
      return `${idOf(step)} ${JSON.stringify(carried)}`
    },
    actionOf: (step) => {
      const { action } = kindOf(step)
      if (action !== 'made') return action
      const isNew = 'before' in step ? step.before === undefined : step.creates === true
      return isNew ? 'create' : 'change'
    },
    isBeside: (step) => kindOf(step).beside === true,
    isOfCluster: (step) => kindOf(step).ofCluster === true,
  }
}
