/** What was confirmed, and whether the present plan does more. */
import { QuorateError } from '../errors.ts'
import type { EngineStep, Plan } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

type ShownPlan = Pick<Plan<EngineStep>, 'waves'>

/** The steps that take a member down for a moment, or change the member list. */
export function risksOf({ waves }: ShownPlan): readonly EngineStep[] {
  return waves.flat().filter(({ danger }) => danger !== 'none')
}

/**
 * IDs of the confirmed risks. `alike`: what a step may turn into that is the same for clients: a member that was down may
 * be starting a moment later, and is restarted then.
 */
export function agreedTo(
  shown: ShownPlan,
  steps: StepRegistry,
  alike: (step: EngineStep) => readonly string[] = () => [],
): ReadonlySet<string> {
  return new Set([...risksOf(shown).map((step) => steps.idOf(step)), ...shown.waves.flat().flatMap(alike)])
}

/** @throws QuorateError `moved` if the plan has a risk that was not confirmed */
export function requireAgreed(agreed: ReadonlySet<string>, now: ShownPlan, steps: StepRegistry): void {
  const added = risksOf(now).filter((step) => !agreed.has(steps.idOf(step)))
  if (added.length === 0) return
  const list = added.map(({ host, what }) => `${host ?? ''} ${what}`.trim()).join('; ')
  throw new QuorateError(
    'moved',
    `stale plan: the nodes changed, and the plan now has steps that were not confirmed: ${list}`,
    { hint: 'review the new plan: quorate plan' },
  )
}

/** Whether both do the same work on the same things, in any order. */
export function sameSteps(
  shown: readonly EngineStep[],
  now: readonly EngineStep[],
  steps: StepRegistry,
): boolean {
  const ids = (all: readonly EngineStep[]) => all.map((step) => steps.idOf(step)).toSorted()
  return ids(shown).join('\n') === ids(now).join('\n')
}
