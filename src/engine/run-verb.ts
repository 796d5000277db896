/**
 * The lifecycle of every command that changes something: observe and decide, show, confirm, lock, observe again, compare
 * with what was confirmed, do, let it settle, keep a record. A command brings only its own parts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { Lock } from './lock.ts'
import { type LockScope, type Lockable, noLock, takeLock } from './locking.ts'
import type { Availability, Probed, ProbeChoice } from './with-recorder.ts'
import { type OperationLog, type Recordable, recorded } from './recorded.ts'

/** How long an observation stays valid if no member is taken down because of it, in ms. */
const SOON_MS = 2_000

/** How long the probe continues after the work, in ms: clients may notice the change only afterwards. */
const SETTLE_MS = 1_000

/** `S`: the session. `D`: the decision from one observation. `R`: the result. */
export interface Verb<S, D, R> {
  /** As on the command line, without arguments: names the lock holder and the record. */
  readonly name: string
  /** The command of the markers on nodes that this one continues. */
  readonly finishes?: string | undefined
  /**
   * Observes the nodes, and decides what to do now; `idle`: nothing to do, so there is no confirmation and no lock.
   *
   * @param shown what was confirmed, at the second observation under the lock: for what is too expensive to observe twice
   * @throws QuorateError `blocked` with every reason
   */
  readonly decide: (session: S, shown?: D) => Promise<D | Idle<R>>
  /** An observation that takes too long to repeat: done once, before the preview; throws to stop. */
  readonly precheck?: ((session: S, decision: D) => Promise<void>) | undefined
  /** Gets the preview; throws to stop. */
  readonly confirm: (decision: D) => Promise<void>
  /** `none`: no node is changed, or only what a lock can't protect; the lock that the command gets then does no work. */
  readonly scope: (decision: D) => LockScope | 'none'
  /** For commands that always have something to do: observing without the lock would only cost time. */
  readonly lockFirst?: LockFirst<D> | undefined
  /** Whether the decision is still what was confirmed. By IDs and data, never by texts. May throw `moved` to say more. */
  readonly same: (shown: D, now: D) => boolean
  /** The command that shows the present state. */
  readonly lookHint: string
  /**
   * Runs under the lock right before nodes are changed and before the probe starts: checks that `decide` can't make
   * without harm, or a snapshot. Throws to stop, and then there is no record.
   *
   * @returns what to carry out; default: the decision
   */
  readonly prepare?: ((session: S, decision: D) => Promise<D | void>) | undefined
  /** The availability probe to run; false: none, because no client is served. */
  readonly probe: (decision: D) => ProbeChoice | undefined
  readonly carryOut: (under: Under<S, D>) => Promise<R>
  /** The work ends with a verification through every member: all client-visible impact has happened by then. */
  readonly endsProven?: boolean | undefined
}

/** The preview is observed under the lock, and stays valid if the confirmation comes soon. */
export interface LockFirst<D> {
  readonly scope: LockScope | 'none'
  /** Whether it takes a member down: then the cluster is observed again, however soon the confirmation comes. */
  readonly isRisky: (decision: D) => boolean
}

/** Nothing to do. */
export class Idle<R> {
  /** The report. */
  readonly result: R

  constructor(result: R) {
    this.result = result
  }
}

/** @param result the report of a command that has nothing to do */
export function idle<R>(result: R): Idle<R> {
  return new Idle(result)
}

export interface Under<S, D> {
  /** Its events are kept, and its signal is also the lock's: use this one from here on. */
  readonly session: S
  /** The only way to change a node. */
  readonly lock: Lock
  /** Decided under the lock. */
  readonly decision: D
}

/** The result of a command. */
export interface Outcome<R> {
  readonly result: R
  /** undefined: not measured: there was nothing to do, or by choice, or because no quorum answered. */
  readonly availability: Availability | undefined
}

/** What the lifecycle needs of a session. */
export type VerbSession = Recordable & Lockable & Probed & { readonly log?: OperationLog | undefined }

/** What a command without nodes needs of a session. */
export type Operator = Recordable & Pick<Probed, 'cluster'>

/** A session without nodes, for a command whose scope is `none`. */
export function withoutMachines(operator: Operator, signal: AbortSignal): VerbSession {
  return { ...operator, signal, remote: noMachine, recorderClients: noMachine }
}

async function noMachine(): Promise<never> {
  throw new TypeError('a command without nodes works on none')
}

/**
 * @throws QuorateError what the command throws; `locked`; `moved` if the decision is no longer what was confirmed: then nothing
 *   was changed
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

/** Works with a session whose signal is also the lock's. An aborted task says only that: the lock has the reason. */
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

/** Observes, shows and confirms. */
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

/** The probe continues for a moment. */
async function settle(signal: AbortSignal): Promise<void> {
  await sleep(SETTLE_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
}

function notAsShown({ lookHint }: Pick<Verb<never, never, never>, 'lookHint'>): QuorateError {
  return new QuorateError('moved', 'the plan is stale: the cluster changed after it was shown', {
    hint: `inspect the cluster: ${lookHint}; then rerun the same command`,
  })
}
