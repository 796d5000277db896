/** Shared by the rules of the planner: each evaluates the whole state, and returns the steps that it wants next. */
import type { Node } from '../../../spec/cluster.ts'
import type { ApplyIntent } from './intent.ts'
import type { Observed } from '../facts/observed.ts'
import type { OpenSituation } from '../facts/situation.ts'
import type { Roster } from '../facts/membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { Step } from '../steps/steps.ts'

export interface Scene {
  readonly intent: ApplyIntent
  /** The complete observation; `observed` leaves out what must wait. */
  readonly looked: Observed
  readonly observed: Observed
  readonly situation: OpenSituation
  /** The members of an established cluster; undefined: there is none yet, or no member answers. */
  readonly roster: Roster | undefined
  /** Nodes whose members an operator stopped: they are not started. */
  readonly kept: readonly Node[]
}

/** Steps for one stage; none: this rule has nothing to do, and the next one is evaluated. Or why nothing may be done. */
export type RuleAnswer = readonly Step[] | Blocked

export interface Blocked {
  readonly blocked: readonly BlockReason[]
}

export type Rule = (scene: Scene) => RuleAnswer

export function isBlocked(answer: RuleAnswer): answer is Blocked {
  return 'blocked' in answer
}
