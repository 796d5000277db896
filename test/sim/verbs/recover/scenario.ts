/** A life of a cluster that loses its quorum, as data: what fast-check makes up, and what a failure prints. */
import * as fc from 'fast-check'
import type { EventKind } from '../../events.ts'
import type { Moment } from '../scenario.ts'
import type { Interruption } from '../run.ts'

const EVENTS = [
  'crash',
  'reboot',
  'stop',
  'machine-off',
  'unreachable',
  'paused',
  'cut-off',
  'both-lost',
  'both-lost',
  'data-lost',
  'wal-lost',
  'disk-full',
] as const satisfies readonly EventKind[]

export interface RecoveryEvent {
  /** `log-damaged`: the second half can't be read any more. `write`: all but this host have it. `write-alone`: the leader has it, and no client was told so. `returns`: a machine that is off. */
  readonly kind: (typeof EVENTS)[number] | 'log-damaged' | 'write' | 'write-alone' | 'returns'
  readonly host: number
}

export interface RecoveryAsk {
  readonly verb: 'recover' | 'abandon' | 'start'
  /** The survivor, counted around; undefined: the best. */
  readonly survivor: number | undefined
  /** What is off is declared lost. */
  readonly declares: boolean
}

export interface RecoveryRound {
  readonly before: readonly RecoveryEvent[]
  readonly ask: RecoveryAsk
  readonly during: { readonly moment: Moment; readonly event: RecoveryEvent } | undefined
  /** Another operator comes before this piece of the work, and may take the lock over. */
  readonly second?:
    | { readonly piece: number; readonly takesOver: boolean; readonly ask: RecoveryAsk }
    | undefined
  readonly interruption: Interruption | undefined
  readonly heals: boolean
}

export interface RecoveryLife {
  readonly members: number
  /** Losses that take the quorum, after some writes. */
  readonly begins: readonly RecoveryEvent[]
  readonly rounds: readonly RecoveryRound[]
}

/** Of so many members a minority at the end is left, and the tool dies before each piece of the work in turn; then this is done. */
export interface Killed {
  readonly verb: RecoveryAsk['verb']
  readonly pieces: number
  readonly members?: number
  /** What happens in between. */
  readonly before?: readonly RecoveryEvent[]
  readonly declares?: boolean
}

export function killedEverywhere({
  verb,
  pieces,
  members = 3,
  before = [],
  declares = false,
}: Killed): readonly RecoveryLife[] {
  const ask = { verb: 'recover', survivor: undefined, declares: false } as const
  const quiet = { before: [], during: undefined, interruption: undefined, heals: false } as const
  const most = Math.floor(members / 2) + 1
  return Array.from({ length: pieces }, (_, at) => ({
    members,
    begins: [
      { kind: 'write', host: 0 },
      ...Array.from({ length: most }, (__, host) => ({ kind: 'both-lost' as const, host })),
    ],
    rounds: [
      { ...quiet, ask, interruption: { at, how: 'dies' } },
      { ...quiet, before, ask: { ...ask, verb, declares } },
    ],
  }))
}

const host = fc.nat({ max: 4 })
const writes = fc.record({
  kind: fc.constantFrom('write' as const, 'write' as const, 'write-alone' as const),
  host,
})
const losses = fc.record({
  kind: fc.constantFrom(
    'both-lost' as const,
    'both-lost' as const,
    'machine-off' as const,
    'machine-off' as const,
    'log-damaged' as const,
  ),
  host,
})
const event = fc.oneof(
  fc.record({ kind: fc.constantFrom(...EVENTS, 'log-damaged' as const, 'returns' as const), host }),
  writes,
)
const piece = fc.nat({ max: 60 })
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.constant({ at: 'shown' as const }),
  fc.record({ at: fc.constant('looked' as const), after: fc.nat({ max: 12 }) }),
  fc.record({ at: fc.constant('piece' as const), piece }),
)

const ask: fc.Arbitrary<RecoveryAsk> = fc.record({
  verb: fc.constantFrom('recover' as const, 'recover' as const, 'abandon' as const, 'start' as const),
  survivor: fc.option(host, { nil: undefined, freq: 1 }),
  declares: fc.boolean(),
})

export const recoveryLife: fc.Arbitrary<RecoveryLife> = fc.record({
  members: fc.constantFrom(3, 3, 3, 1, 2, 4, 5),
  begins: fc
    .tuple(
      fc.array(writes, { minLength: 1, maxLength: 4 }),
      fc.array(losses, { minLength: 1, maxLength: 4, size: 'max' }),
    )
    .map((parts) => parts.flat()),
  rounds: fc.array(
    fc.record({
      before: fc.array(event, { maxLength: 2 }),
      ask,
      during: sometimes(fc.record({ moment, event })),
      second: sometimes(fc.record({ piece, takesOver: fc.boolean(), ask })),
      interruption: sometimes(
        fc.record({ at: piece, how: fc.constantFrom('dies' as const, 'loses' as const) }),
      ),
      heals: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4, size: 'max' },
  ),
})
