/** Which machines a verb locks, and what becomes of those that are out of reach. One policy, for all verbs. */
import { combineErrors } from '../errors.ts'
import type { Node } from '../spec/cluster.ts'
import { onAll } from '../ssh/fleet.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import { type Lock, acquireLock } from './lock.ts'

export interface LockScope {
  readonly nodes: readonly Node[]
  /** Whether a verb goes on without this machine if the network does not reach it; a warning names it then. */
  readonly mayBeAway: (node: Node) => boolean
}

/** The machines of the cluster file, and all of them have to be there. */
export function everyMachine({ nodes }: { readonly nodes: readonly Node[] }): LockScope {
  return theseMachines(nodes)
}

/** These, and all of them have to be there. */
export function theseMachines(nodes: readonly Node[]): LockScope {
  return { nodes, mayBeAway: () => false }
}

/**
 * Every machine that can be reached. A member that is gone must not keep its fellows from being looked after: whether
 * that is safe the quorum decides, and not the lock.
 */
export function reachableMachines({ nodes }: { readonly nodes: readonly Node[] }): LockScope {
  return { nodes, mayBeAway: () => true }
}

/** All but those that were declared lost; `mayBeAway`: of the others. */
export function allBut(
  { nodes }: { readonly nodes: readonly Node[] },
  lost: readonly string[],
  mayBeAway: LockScope['mayBeAway'],
): LockScope {
  return { nodes: nodes.filter(({ name }) => !lost.includes(name)), mayBeAway }
}

/** Of a verb that locks nothing. It sends no fence, so machines would refuse its work. */
export function noLock(): Lock {
  return {
    work: async () => {
      throw new TypeError('a verb without a lock changes no machine')
    },
    lost: new AbortController().signal,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

export interface LockTerms {
  /** The verb, for the other operator's message. */
  readonly purpose: string
  readonly scope: LockScope
  /** As of `LockRequest`. */
  readonly finishes?: string | undefined
}

/** What a lock needs of a session. */
export interface Lockable {
  readonly remote: (node: Node) => Promise<Remote>
  readonly emit: Emit
  readonly now: () => Date
  readonly signal: AbortSignal
}

/**
 * @throws QuorateError `locked`; of every machine that must be there and can't be reached, of every one that is out of reach
 *   for another reason than the network, and of all machines where none can be reached: each is named.
 */
export async function takeLock(session: Lockable, { purpose, scope, finishes }: LockTerms): Promise<Lock> {
  const { emit, signal } = session
  const { results, errors } = await onAll(scope.nodes, async (node) => await session.remote(node))
  const away = new Set(scope.nodes.filter(scope.mayBeAway).map(({ name }) => name))
  const grave = errors.filter(({ code, host }) => code !== 'unreachable' || !away.has(host ?? ''))
  if (grave.length > 0 || results.length === 0) throw combineErrors(grave.length > 0 ? grave : errors)
  for (const { host, message } of errors)
    emit({ type: 'warning', host, text: `${message}; going on without it` })
  const remotes = results.map(({ value }) => value)
  return await acquireLock({ remotes, purpose, finishes, now: session.now(), emit, signal })
}
