/** A life of a cluster as data: what fast-check makes up, and what a failure prints. */
import * as fc from 'fast-check'
import { DRIFTS } from './drift.ts'
import { CHANGES, DESCENTS, type Edit, OTHERS, UPGRADES } from './edits.ts'
import { ACCIDENTS, LOSSES, TROUBLES, type WorldEvent } from './events.ts'
import type { Interruption } from './wave.ts'

export interface Scenario {
  readonly members: number
  /** There is a healthy cluster already when it begins. */
  readonly established: boolean
  /** That one was set up before members had a name of their own. */
  readonly old: boolean
  readonly version: string
  /** Runs may change etcd's version, as `quorate upgrade` does. */
  readonly upgrades: boolean
  /** Whether a member takes part that is not where the others look for it. */
  readonly dialsOut: boolean
  readonly rounds: readonly Round[]
}

/** What happens before a run, during it, and to it. */
export interface Round {
  readonly edits: readonly Edit[]
  readonly before: readonly WorldEvent[]
  readonly interruption: Interruption | undefined
  /** Between two waves of the run. */
  readonly during: { readonly wave: number; readonly event: WorldEvent } | undefined
  readonly second: Second | undefined
  /** What lasts is mended before the next round. */
  readonly heals: boolean
}

/**
 * A second operator begins between two waves of the run. `beside`: while the first holds the lock. `instead`: the first
 * fell silent, its lock is taken over; it wakes up later and goes on with what it knew. `late`: and takes a moment to
 * notice that the lock is gone.
 */
export interface Second {
  readonly wave: number
  readonly how: 'beside' | 'instead' | 'late'
  /** Wants something else than the first. */
  readonly edit: Edit | undefined
}

const host = fc.nat({ max: 6 })
const wave = fc.nat({ max: 8 })
const one = <const K extends string>(kinds: readonly K[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), host })
const accident = one(ACCIDENTS)
const trouble = one(TROUBLES)
const anything = fc.oneof(
  { weight: 4, arbitrary: accident },
  { weight: 4, arbitrary: one(DRIFTS) },
  { weight: 2, arbitrary: one(LOSSES) },
  { weight: 2, arbitrary: trouble },
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
const never = fc.constant(undefined)
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const often = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 })
const change = fc.record({ kind: fc.constantFrom(...CHANGES), at: host })
const anyEdit = fc.record({ kind: fc.constantFrom(...CHANGES, ...OTHERS), at: host })
const second = (edit: fc.Arbitrary<Edit | undefined>) =>
  fc.record({ wave, how: fc.constantFrom('beside' as const, 'instead' as const, 'late' as const), edit })

interface Shape {
  readonly upgrades?: boolean
  readonly versions?: readonly string[]
  readonly established: fc.Arbitrary<boolean>
  readonly round: fc.Arbitrary<Round>
}

const scenarioOf = ({
  upgrades = false,
  versions = ['3.5.16', '3.5.16', '3.5.16', '3.3.25'],
  established,
  round,
}: Shape): fc.Arbitrary<Scenario> =>
  fc.record({
    members: fc.constantFrom(3, 3, 3, 1, 2, 5),
    established,
    version: fc.constantFrom(...versions),
    upgrades: fc.constant(upgrades),
    dialsOut: fc.boolean(),
    old: fc.boolean(),
    rounds: fc.array(round, { minLength: 1, maxLength: 5, size: 'max' }),
  })

/** A cluster is set up; only the tool dies and machines crash: nothing is an excuse for not finishing. */
export const interruptedScenario = scenarioOf({
  established: fc.constant(false),
  round: fc.record({
    edits: fc.constant([]),
    before: fc.array(accident, { maxLength: 2 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: accident })),
    second: rarely(second(never)),
    heals: fc.constant(true),
  }),
})

/** A cluster is changed, grows and shrinks, while machines fail for a while: nor is anything here. */
export const changingScenario = scenarioOf({
  established: fc.constant(true),
  round: fc.record({
    edits: fc.array(change, { maxLength: 2 }),
    before: fc.array(fc.oneof(accident, trouble), { maxLength: 2 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: fc.oneof(accident, trouble) })),
    second: rarely(second(rarely(change))),
    heals: fc.boolean(),
  }),
})

/** etcd's version is raised, a minor at a time, on the same terms. */
export const upgradingScenario = scenarioOf({
  upgrades: true,
  established: fc.constant(true),
  round: fc.record({
    edits: fc.array(fc.record({ kind: fc.constantFrom(...UPGRADES), at: host }), { maxLength: 2 }),
    before: fc.array(fc.oneof(accident, trouble), { maxLength: 2 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: fc.oneof(accident, trouble) })),
    second: rarely(second(never)),
    heals: fc.boolean(),
  }),
})

/** It is raised and lowered, by etcd's own downgrade, and turned back from half-way, on the same terms. */
export const downgradingScenario = scenarioOf({
  upgrades: true,
  versions: ['3.6.16', '3.7.3', '3.7.3', '3.5.35'],
  established: fc.constant(true),
  round: fc.record({
    edits: fc.array(fc.record({ kind: fc.constantFrom(...DESCENTS), at: host }), { maxLength: 2 }),
    before: fc.array(fc.oneof(accident, trouble), { maxLength: 2 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: fc.oneof(accident, trouble) })),
    second: rarely(second(never)),
    heals: fc.boolean(),
  }),
})

/** Everything that there is. */
export const anyScenario = scenarioOf({
  established: fc.boolean(),
  round: fc.record({
    edits: fc.array(anyEdit, { maxLength: 1 }),
    before: fc.array(anything, { maxLength: 3 }),
    interruption: often(interruption),
    during: rarely(fc.record({ wave, event: anything })),
    second: rarely(second(rarely(anyEdit))),
    heals: fc.boolean(),
  }),
})
