/**
 * The one lifecycle of everything that changes something: look and decide, show, ask, lock, look again, is it still what was
 * agreed to, do, let it settle, keep a record. A verb brings what is its own, and nothing of this.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { Lock } from './lock.ts'
import { type LockScope, type Lockable, takeLock } from './locking.ts'
import type { Availability, Probed, ProbeChoice } from './with-recorder.ts'
import { type OperationLog, type Recordable, recorded } from './recorded.ts'

/** How long it is recorded on after the work, in ms: clients may notice what was done only when it is done. */
const SETTLE_MS = 1_000

/** `S`: the session. `D`: what was decided, from one look. `R`: what came of it. */
export interface Verb<S, D, R> {
  /** As on the command line, without its arguments: names the lock's holder and the record. */
  readonly name: string
  /** The verb of marks on machines that this one goes on with. */
  readonly finishes?: string | undefined
  /**
   * Looks at the machines, and says what would be done now; undefined: nothing is to be done, so nobody is asked, and nobody
   * kept out.
   *
   * @throws QuorateError `blocked` with every reason
   */
  readonly decide: (session: S) => Promise<D | undefined>
  /** Is shown what would be done; throws to stop. */
  readonly confirm: (decision: D) => Promise<void>
  readonly scope: (decision: D) => LockScope
  /** Whether what would be done now is what was agreed to. By IDs and data, never by words. */
  readonly same: (shown: D, now: D) => boolean
  /** What to type to see how things are now. */
  readonly lookHint: string
  /** What is measured beside it, as a client of the cluster notices it; false: nothing, since nobody is served. */
  readonly probe: (decision: D) => ProbeChoice | undefined
  readonly carryOut: (under: Under<S, D>) => Promise<R>
}

export interface Under<S, D> {
  /** Whose events are kept, and whose signal is also the lock's: to be used from here on. */
  readonly session: S
  /** The only way to change a machine. */
  readonly lock: Lock
  /** Decided under the lock. */
  readonly decision: D
}

/** What a verb came to. */
export interface Outcome<R> {
  readonly result: R
  /** undefined: nothing was recorded, by choice or because no quorum answered. */
  readonly availability: Availability | undefined
}

/** What the lifecycle needs of a session. */
export type VerbSession = Recordable & Lockable & Probed & { readonly log?: OperationLog | undefined }

/**
 * @returns undefined: there was nothing to do.
 * @throws QuorateError what the verb throws; `locked`; `moved` if what is to be done is not what was agreed to: nothing was
 *   changed then
 */
export async function runVerb<S extends VerbSession, D, R>(
  session: S,
  verb: Verb<S, D, R>,
): Promise<Outcome<R> | undefined> {
  return await recorded(session, verb.name, async (own) => await attempt(own, verb))
}

async function attempt<S extends VerbSession, D, R>(
  session: S & { readonly log: OperationLog },
  verb: Verb<S, D, R>,
): Promise<Outcome<R> | undefined> {
  const shown = await verb.decide(session)
  if (shown === undefined) return undefined
  await verb.confirm(shown)
  const { name: purpose, finishes } = verb
  await using lock = await takeLock(session, { purpose, finishes, scope: verb.scope(shown) })
  const decision = await verb.decide(session)
  if (decision === undefined || !verb.same(shown, decision)) throw notAsShown(verb)
  const held = { ...session, signal: AbortSignal.any([session.signal, lock.lost]) }
  const probe = verb.probe(decision)
  const { withRecorder } = await import('./with-recorder.ts')
  return await withRecorder(held, { verb: purpose, probe }, async (own) => {
    const result = await verb.carryOut({ session: own, lock, decision })
    if (probe !== false) await settle(own.signal)
    return result
  })
}

/** The recording goes on for a moment. */
export async function settle(signal: AbortSignal): Promise<void> {
  await sleep(SETTLE_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
}

function notAsShown({ name, lookHint }: Pick<Verb<never, never, never>, 'name' | 'lookHint'>): QuorateError {
  return new QuorateError('moved', 'the cluster is not as it was shown; nothing was changed', {
    hint: `see what it is now: ${lookHint}; then again: quorate ${name}`,
  })
}
