/** A life of a cluster whose operators have every verb, as data: what fast-check makes up, and what a failure prints. */
import * as fc from 'fast-check'
import type { EventKind } from '../events.ts'
import type { Interruption } from './run.ts'

const VERBS = [
  'apply',
  'restart',
  'stop',
  'start',
  'start-all',
  'reset',
  'reset-all',
  'purge',
  'restore',
  'restore',
  'renew',
] as const
const EVENTS = [
  'crash',
  'reboot',
  'stop',
  'paused',
  'cut-off',
  'mute',
  'silent',
  'unreachable',
  'machine-off',
  'slow',
  'wal-lost',
  'both-lost',
  'certificate-expired',
] as const satisfies readonly EventKind[]

export interface Ask {
  readonly verb: (typeof VERBS)[number]
  /** Which members, a bit each, counted around. */
  readonly who: number
  readonly force: boolean
}

export interface VerbEvent {
  /** `years-pass`: what was issued has expired everywhere. */
  readonly kind: (typeof EVENTS)[number] | 'years-pass'
  readonly host: number
}

/** When it happens: once the plan is shown; after so many machines were looked at; before a piece of the work. */
export type Moment =
  | { readonly at: 'shown' }
  | { readonly at: 'looked'; readonly after: number }
  | { readonly at: 'piece'; readonly piece: number }

export interface VerbRound {
  readonly before: readonly VerbEvent[]
  readonly ask: Ask
  readonly during: { readonly moment: Moment; readonly event: VerbEvent } | undefined
  readonly interruption: Interruption | undefined
  /** Another operator takes the lock over before this piece, or comes up against it. */
  readonly second: { readonly piece: number; readonly takesOver: boolean; readonly ask: Ask } | undefined
  /** Whatever lasts is ended before the next round. */
  readonly heals: boolean
}

export interface VerbLife {
  readonly members: number
  readonly rounds: readonly VerbRound[]
}

const host = fc.nat({ max: 4 })
// A restore has many.
const piece = fc.oneof(
  { weight: 2, arbitrary: fc.nat({ max: 12 }) },
  { weight: 1, arbitrary: fc.nat({ max: 60 }) },
)
const event = fc.record({ kind: fc.constantFrom(...EVENTS, 'years-pass' as const), host })
const ask = fc.record({ verb: fc.constantFrom(...VERBS), who: fc.nat({ max: 31 }), force: fc.boolean() })
const moment = fc.oneof(
  fc.constant({ at: 'shown' as const }),
  fc.record({ at: fc.constant('looked' as const), after: fc.nat({ max: 15 }) }),
  fc.record({ at: fc.constant('piece' as const), piece }),
)
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

export const verbLife: fc.Arbitrary<VerbLife> = fc.record({
  members: fc.constantFrom(3, 3, 3, 1, 2, 5, 5),
  rounds: fc.array(
    fc.record({
      before: fc.array(event, { maxLength: 2 }),
      ask,
      during: sometimes(fc.record({ moment, event })),
      interruption: sometimes(
        fc.record({ at: piece, how: fc.constantFrom('dies' as const, 'loses' as const) }),
      ),
      second: sometimes(fc.record({ piece, takesOver: fc.boolean(), ask })),
      heals: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4, size: 'max' },
  ),
})
