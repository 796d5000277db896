/** What is known of each kind of step: its identity, and what it does in one word. */
import type { EngineStep } from './step.ts'

/** `check`: it reads, waits or compares, and changes nothing that stays. */
export const ACTIONS = ['create', 'change', 'start', 'restart', 'stop', 'remove', 'check'] as const
export type Action = (typeof ACTIONS)[number]

export interface StepKind<S extends EngineStep> {
  /** `made`: `create` or `change`, by whether what it makes is there. */
  readonly action: Action | 'made'
  /** What tells two steps of this kind on one host apart, from their data; none: there is one at a time. */
  readonly distinguishes?: ((step: S) => readonly string[]) | undefined
  /** It changes who leads or who belongs to the cluster: it has a turn of its own in the order that is shown. */
  readonly ofCluster?: boolean | undefined
  /** It is done beside all others of its wave: nothing there waits for it. Of kinds without a host. */
  readonly beside?: boolean | undefined
}

/** One entry for each kind of `S`: a kind without one does not compile. */
export type StepKinds<S extends EngineStep> = {
  readonly [K in S['kind']]: StepKind<Extract<S, { readonly kind: K }>>
}

export interface StepRegistry {
  /**
   * `kind host distinction`, like `restart etcd01` or `file etcd01 /etc/etcd/options.env`: the same for the same work on
   * the same thing, in every run and every wording. What was agreed to, shown, saved and done is compared by it.
   *
   * @throws TypeError of a kind that is not registered
   */
  readonly idOf: (step: EngineStep) => string
  /** The ID, and all that the step carries but its words: differs where the same thing gets another content. */
  readonly workOf: (step: EngineStep) => string
  readonly actionOf: (step: EngineStep) => Action
  /** Whether nothing in its wave waits for it. */
  readonly isBeside: (step: EngineStep) => boolean
  /** Whether it has a turn of its own in the order of a plan. */
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
