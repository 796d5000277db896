/** What was agreed to, and whether what would be done now is more. */
import { QuorateError } from '../errors.ts'
import type { EngineStep, Plan } from './step.ts'
import type { StepRegistry } from './step-registry.ts'

type ShownPlan = Pick<Plan<EngineStep>, 'waves'>

/** The steps that take a member away for a moment, or change who is one. */
export function risksOf({ waves }: ShownPlan): readonly EngineStep[] {
  return waves.flat().filter(({ danger }) => danger !== 'none')
}

/**
 * IDs of the risks that whoever agreed has seen. `alike`: what a step may turn into that is the same to a client: a member
 * that was down may be found starting a moment later, and is restarted then.
 */
export function agreedTo(
  shown: ShownPlan,
  steps: StepRegistry,
  alike: (step: EngineStep) => readonly string[] = () => [],
): ReadonlySet<string> {
  return new Set([...risksOf(shown).map((step) => steps.idOf(step)), ...shown.waves.flat().flatMap(alike)])
}

/** @throws QuorateError `moved` if the plan has a risk that is not among those agreed to */
export function requireAgreed(agreed: ReadonlySet<string>, now: ShownPlan, steps: StepRegistry): void {
  const added = risksOf(now).filter((step) => !agreed.has(steps.idOf(step)))
  if (added.length === 0) return
  const list = added.map(({ host, what }) => `${host ?? ''} ${what}`.trim()).join('; ')
  throw new QuorateError(
    'moved',
    `the machines changed meanwhile, and more would be done than was agreed to: ${list}. Nothing was changed`,
    { hint: 'look at it again: quorate plan' },
  )
}

/** Whether the same is done to the same, in any order. */
export function sameSteps(
  shown: readonly EngineStep[],
  now: readonly EngineStep[],
  steps: StepRegistry,
): boolean {
  const ids = (all: readonly EngineStep[]) => all.map((step) => steps.idOf(step)).toSorted()
  return ids(shown).join('\n') === ids(now).join('\n')
}
