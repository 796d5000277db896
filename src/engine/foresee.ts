/** Predicts the whole plan: asks the planner again and again, on the predicted state after each step. */
import type { BlockReason, EngineStep, Next, Plan } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

/** More stages than any plan has: a planner that never ends is a bug. */
const TOO_MANY_WAVES = 50

export interface Foresight<F, S extends EngineStep> {
  readonly decide: (facts: F) => Next<S>
  /** The expected state after a step. */
  readonly predict: (facts: F, step: S) => F
  /** Why steps can't be carried out on the nodes in their present state; empty: they can. */
  readonly infeasible: (facts: F, steps: readonly S[]) => readonly BlockReason[]
  readonly steps: StepRegistry
}

/** A planner that never ends: its own bug, whatever the nodes' state. */
export class EndlessPlan extends Error {
  override readonly name = 'EndlessPlan'
}

/** @throws EndlessPlan */
export function foresee<F, S extends EngineStep>(facts: F, foresight: Foresight<F, S>): Plan<S> {
  const { decide, predict, infeasible, steps } = foresight
  const waves: (readonly S[])[] = []
  const workOf = (wave: readonly S[] | undefined) => wave?.map((step) => steps.workOf(step)).join('\n')
  const idsOf = (wave: readonly S[] | undefined) => wave?.map((step) => steps.idOf(step)).join('\n')
  const whole = (reasons: readonly BlockReason[]): Plan<S> => ({
    waves,
    blocked: [...reasons, ...infeasible(facts, waves.flat())],
  })
  let state = facts
  while (waves.length < TOO_MANY_WAVES) {
    const answer = decide(state)
    if (answer.kind === 'done') return whole([])
    if (answer.kind === 'blocked') return whole(answer.reasons)
    // Unseen members are waited for, and their later state is unknown.
    if (workOf(answer.steps) === workOf(waves.at(-1))) return whole([])
    waves.push(answer.steps)
    state = answer.steps.reduce(predict, state)
  }
  throw new EndlessPlan(`the plan does not end: ${idsOf(waves.at(-1))}`)
}
