/**
 * The one lifecycle of everything that changes something: look and decide, show, ask, lock, look again, is it still what was
 * agreed to, do, let it settle, keep a record. A verb brings what is its own, and nothing of this.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { Lock } from './lock.ts'
import { type LockScope, type Lockable, noLock, takeLock } from './locking.ts'
import type { Availability, Probed, ProbeChoice } from './with-recorder.ts'
import { type OperationLog, type Recordable, recorded } from './recorded.ts'

/** What was looked at so long ago, in ms, holds still, where no member is taken away on the strength of it. */
const SOON_MS = 2_000

/** How long it is recorded on after the work, in ms: clients may notice what was done only when it is done. */
const SETTLE_MS = 1_000

/** `S`: the session. `D`: what was decided, from one look. `R`: what came of it. */
export interface Verb<S, D, R> {
  /** As on the command line, without its arguments: names the lock's holder and the record. */
  readonly name: string
  /** The verb of marks on machines that this one goes on with. */
  readonly finishes?: string | undefined
  /**
   * Looks at the machines, and says what would be done now; `idle`: nothing is to be done, so nobody is asked, and nobody
   * kept out.
   *
   * @param shown what was agreed to, at the second look, which is under the lock: for what is too dear to look at twice
   * @throws QuorateError `blocked` with every reason
   */
  readonly decide: (session: S, shown?: D) => Promise<D | Idle<R>>
  /** A look that takes too long to be taken twice: once, before it is shown what would be done; throws to stop. */
  readonly precheck?: ((session: S, decision: D) => Promise<void>) | undefined
  /** Is shown what would be done; throws to stop. */
  readonly confirm: (decision: D) => Promise<void>
  /** `none`: no machine is changed, or only what a lock can't guard; what the verb is handed then as a lock does no work. */
  readonly scope: (decision: D) => LockScope | 'none'
  /** Given where there is surely something to do, so that a look without the lock would only cost time. */
  readonly lockFirst?: LockFirst<D> | undefined
  /** Whether what would be done now is what was agreed to. By IDs and data, never by words. May throw `moved` to say more. */
  readonly same: (shown: D, now: D) => boolean
  /** What to type to see how things are now. */
  readonly lookHint: string
  /**
   * The last thing under the lock before machines are changed, and before it is measured what clients notice: checks that
   * `decide` can't make without harm, or a snapshot. Throws to stop, and then there is no record.
   *
   * @returns what is carried out then; what was decided, unless given
   */
  readonly prepare?: ((session: S, decision: D) => Promise<D | void>) | undefined
  /** What is measured beside it, as a client of the cluster notices it; false: nothing, since nobody is served. */
  readonly probe: (decision: D) => ProbeChoice | undefined
  readonly carryOut: (under: Under<S, D>) => Promise<R>
  /** The work ends with a proof through every member: what clients notice of it, they have noticed by then. */
  readonly endsProven?: boolean | undefined
}

/** What is shown is seen under the lock, and holds if the answer comes soon. */
export interface LockFirst<D> {
  readonly scope: LockScope | 'none'
  /** Whether it takes a member away: then things are looked at again, however soon the answer comes. */
  readonly isRisky: (decision: D) => boolean
}

/** Nothing is to be done. */
export class Idle<R> {
  /** What is reported. */
  readonly result: R

  constructor(result: R) {
    this.result = result
  }
}

/** @param result what a verb reports that has nothing to do */
export function idle<R>(result: R): Idle<R> {
  return new Idle(result)
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
  /** undefined: nothing was recorded: there was nothing to do, or by choice, or because no quorum answered. */
  readonly availability: Availability | undefined
}

/** What the lifecycle needs of a session. */
export type VerbSession = Recordable & Lockable & Probed & { readonly log?: OperationLog | undefined }

/** What a verb needs of a session that works on no machine. */
export type Operator = Recordable & Pick<Probed, 'cluster'>

/** A session without machines, for a verb whose scope is `none`. */
export function withoutMachines(operator: Operator, signal: AbortSignal): VerbSession {
  return { ...operator, signal, remote: noMachine, recorderClients: noMachine }
}

async function noMachine(): Promise<never> {
  throw new TypeError('a verb without machines works on none')
}

/**
 * @throws QuorateError what the verb throws; `locked`; `moved` if what is to be done is not what was agreed to: nothing was
 *   changed then
 */
export async function runVerb<S extends VerbSession, D, R>(
  session: S,
  verb: Verb<S, D, R>,
): Promise<Outcome<R>> {
  return await recorded(session, verb.name, async (own) => await attempt(own, verb))
}

async function attempt<S extends VerbSession, D, R>(
  session: S & { readonly log: OperationLog },
  verb: Verb<S, D, R>,
): Promise<Outcome<R>> {
  const { lockFirst } = verb
  if (lockFirst !== undefined) {
    await using lock = await lockFor(session, verb, lockFirst.scope)
    return await whileHeld(session, lock, async (held) => {
      const agreed = await agree(held, verb)
      if (agreed instanceof Idle) return { result: agreed.result, availability: undefined }
      const { shown, answeredMs } = agreed
      const holds = answeredMs <= SOON_MS && !lockFirst.isRisky(shown)
      return await carryOut(held, lock, verb, holds ? shown : await lookAgain(held, verb, shown))
    })
  }
  const agreed = await agree(session, verb)
  if (agreed instanceof Idle) return { result: agreed.result, availability: undefined }
  const { shown } = agreed
  await using lock = await lockFor(session, verb, verb.scope(shown))
  return await whileHeld(session, lock, async (held) => {
    return await carryOut(held, lock, verb, await lookAgain(held, verb, shown))
  })
}

async function lockFor(
  session: VerbSession,
  { name: purpose, finishes }: Pick<Verb<never, never, never>, 'name' | 'finishes'>,
  scope: LockScope | 'none',
): Promise<Lock> {
  return scope === 'none' ? noLock() : await takeLock(session, { purpose, finishes, scope })
}

/** Works with a session whose signal is also the lock's. Who is cut short by that says only so: the lock knows why. */
async function whileHeld<S extends VerbSession, T>(
  session: S,
  { lost }: Lock,
  work: (held: S) => Promise<T>,
): Promise<T> {
  try {
    return await work({ ...session, signal: AbortSignal.any([session.signal, lost]) })
  } catch (error) {
    const cutShort = error instanceof QuorateError && error.code === 'cancelled'
    if (cutShort && lost.aborted && !session.signal.aborted) throw lost.reason
    throw error
  }
}

/** Looks, shows and asks. */
async function agree<S extends VerbSession, D, R>(
  session: S,
  verb: Verb<S, D, R>,
): Promise<Idle<R> | { readonly shown: D; readonly answeredMs: number }> {
  const shown = await verb.decide(session)
  if (shown instanceof Idle) return shown
  await verb.precheck?.(session, shown)
  const askedAt = performance.now()
  await verb.confirm(shown)
  return { shown, answeredMs: performance.now() - askedAt }
}

/** @throws QuorateError `moved` */
async function lookAgain<S extends VerbSession, D, R>(session: S, verb: Verb<S, D, R>, shown: D): Promise<D> {
  const now = await verb.decide(session, shown)
  if (now instanceof Idle || !verb.same(shown, now)) throw notAsShown(verb)
  return now
}

async function carryOut<S extends VerbSession, D, R>(
  session: S,
  lock: Lock,
  verb: Verb<S, D, R>,
  decided: D,
): Promise<Outcome<R>> {
  const decision = (await verb.prepare?.(session, decided)) ?? decided
  const probe = verb.probe(decision)
  if (probe === false) {
    session.log?.begin()
    return { result: await verb.carryOut({ session, lock, decision }), availability: undefined }
  }
  const { withRecorder } = await import('./with-recorder.ts')
  return await withRecorder(session, { verb: verb.name, probe }, async (own) => {
    const result = await verb.carryOut({ session: own, lock, decision })
    if (verb.endsProven !== true) await settle(own.signal)
    return result
  })
}

/** The recording goes on for a moment. */
async function settle(signal: AbortSignal): Promise<void> {
  await sleep(SETTLE_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
}

function notAsShown({ lookHint }: Pick<Verb<never, never, never>, 'lookHint'>): QuorateError {
  return new QuorateError('moved', 'the plan is stale: the cluster changed after it was shown', {
    hint: `inspect the cluster: ${lookHint}; then rerun the same command`,
  })
}
