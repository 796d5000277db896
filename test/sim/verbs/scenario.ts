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

/** Of lives in which data is damaged, and leadership is moved. */
const CARE = [
  'repair',
  'repair',
  'repair',
  'move-leader',
  'move-leader',
  'apply',
  'restart',
  'stop',
  'start-all',
] as const
const DAMAGES = [
  'wal-lost',
  'both-lost',
  'log-damaged',
  'log-damaged',
  'contents-differ',
  'contents-differ',
  'crash',
  'stop',
  'slow',
  'slow',
  'silent',
  'cut-off',
  'paused',
  'unreachable',
  'machine-off',
] as const satisfies readonly VerbEvent['kind'][]

export interface Ask {
  readonly verb: (typeof VERBS)[number] | (typeof CARE)[number]
  /** Which members, a bit each, counted around. */
  readonly who: number
  readonly force: boolean
}

export interface VerbEvent {
  /**
   * `years-pass`: what was issued has expired everywhere. `log-damaged`: its member can't read its log. `contents-differ`:
   * its member has other contents than the others, and they have noticed.
   */
  readonly kind: (typeof EVENTS)[number] | 'years-pass' | 'log-damaged' | 'contents-differ'
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
  /** Data is damaged in it, and operators have `repair`. */
  readonly repairs?: true | undefined
}

const host = fc.nat({ max: 4 })
// A restore has many.
const piece = fc.oneof(
  { weight: 2, arbitrary: fc.nat({ max: 12 }) },
  { weight: 1, arbitrary: fc.nat({ max: 60 }) },
)
const moment = fc.oneof(
  fc.constant({ at: 'shown' as const }),
  fc.record({ at: fc.constant('looked' as const), after: fc.nat({ max: 15 }) }),
  fc.record({ at: fc.constant('piece' as const), piece }),
)
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

interface Choice {
  readonly verbs: readonly Ask['verb'][]
  readonly events: readonly VerbEvent['kind'][]
}

function livesOf({ verbs, events }: Choice): fc.Arbitrary<VerbLife> {
  const event = fc.record({ kind: fc.constantFrom(...events), host })
  const ask = fc.record({ verb: fc.constantFrom(...verbs), who: fc.nat({ max: 31 }), force: fc.boolean() })
  return fc.record({
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
}

export const verbLife = livesOf({ verbs: VERBS, events: [...EVENTS, 'years-pass'] })

export const careLife: fc.Arbitrary<VerbLife> = livesOf({ verbs: CARE, events: DAMAGES }).map((life) => ({
  ...life,
  repairs: true,
}))
