/** A life in which backups are scheduled, as data: what fast-check makes up, and what a failure prints. */
import * as fc from 'fast-check'

const EVENTS = ['unreachable', 'timer-stopped', 'certificate-lost', 'key-lost'] as const

export interface ScheduleEvent {
  readonly kind: (typeof EVENTS)[number]
  /** Which machine, counted around. */
  readonly host: number
}

export interface ScheduleAsk {
  readonly verb: 'schedule' | 'unschedule'
  /** Which node, counted around. */
  readonly node: number
}

export interface ScheduleLife {
  readonly rounds: readonly {
    readonly before: readonly ScheduleEvent[]
    readonly ask: ScheduleAsk
    readonly during: { readonly piece: number; readonly event: ScheduleEvent } | undefined
    /** It is killed after so many pieces. */
    readonly interruption: number | undefined
    /** Another operator takes the lock over before this piece, or comes up against it. */
    readonly second:
      | { readonly piece: number; readonly takesOver: boolean; readonly ask: ScheduleAsk }
      | undefined
    readonly heals: boolean
  }[]
}

const host = fc.nat({ max: 2 })
const piece = fc.nat({ max: 24 })
const event = fc.record({ kind: fc.constantFrom(...EVENTS), host })
const ask = fc.record({
  verb: fc.constantFrom('schedule' as const, 'schedule' as const, 'unschedule' as const),
  node: host,
})
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

export const scheduleLife: fc.Arbitrary<ScheduleLife> = fc.record({
  rounds: fc.array(
    fc.record({
      before: fc.array(event, { maxLength: 1 }),
      ask,
      during: sometimes(fc.record({ piece, event })),
      interruption: sometimes(piece),
      second: sometimes(fc.record({ piece, takesOver: fc.boolean(), ask })),
      heals: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4, size: 'max' },
  ),
})
