/** A life of a cluster as data: what fast-check makes up, and what a failure prints. */
import * as fc from 'fast-check'
import { ACCIDENTS, DRIFTS, EDITS, type Edit, LOSSES, type WorldEvent } from './events.ts'
import type { Interruption } from './operator.ts'

export interface Scenario {
  readonly members: number
  readonly rounds: readonly Round[]
}

/** What happens before a run, during it, and to it. */
export interface Round {
  readonly edit: Edit | undefined
  readonly before: readonly WorldEvent[]
  readonly interruption: Interruption | undefined
  /** Between two waves of the run. */
  readonly during: { readonly wave: number; readonly event: WorldEvent } | undefined
  /**
   * A second operator begins between two waves of the run. `beside`: while the first holds the lock. `instead`: the
   * first fell silent, its lock is taken over; it wakes up later and goes on with what it knew.
   */
  readonly second: { readonly wave: number; readonly how: 'beside' | 'instead' } | undefined
}

const host = fc.nat({ max: 4 })
const wave = fc.nat({ max: 5 })
const accident = fc.record({ kind: fc.constantFrom(...ACCIDENTS), host })
const drift = fc.record({ kind: fc.constantFrom(...DRIFTS), host })
const loss = fc.record({ kind: fc.constantFrom(...LOSSES), host })
const anything = fc.oneof(
  { weight: 4, arbitrary: accident },
  { weight: 4, arbitrary: drift },
  { weight: 2, arbitrary: loss },
)
const cut = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(0, 1000) },
  { weight: 3, arbitrary: fc.nat({ max: 1000 }) },
)
const interruption = fc.record({
  wave,
  how: fc.constantFrom('dies' as const, 'loses' as const),
  cuts: fc.array(cut, { minLength: 6, maxLength: 6 }),
})
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const often = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 })
const second = fc.record({ wave, how: fc.constantFrom('beside' as const, 'instead' as const) })

const scenarioOf = (round: fc.Arbitrary<Round>): fc.Arbitrary<Scenario> =>
  fc.record({
    members: fc.constantFrom(3, 3, 3, 1, 2, 5),
    rounds: fc.array(round, { minLength: 1, maxLength: 5, size: 'max' }),
  })

/** Only the tool dies and machines crash: nothing is an excuse for not finishing. */
export const interruptedScenario = scenarioOf(
  fc.record({
    edit: fc.constant(undefined),
    before: fc.array(accident, { maxLength: 2 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: accident })),
    second: rarely(second),
  }),
)

/** Everything that there is. */
export const anyScenario = scenarioOf(
  fc.record({
    edit: fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...EDITS) },
    ),
    before: fc.array(anything, { maxLength: 3 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: anything })),
    second: rarely(second),
  }),
)
