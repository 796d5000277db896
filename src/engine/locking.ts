/** Which nodes a command locks, and what happens with unreachable ones. One policy for all commands. */
import { combineErrors } from '../errors.ts'
import type { Node } from '../spec/cluster.ts'
import { onAll } from '../ssh/fleet.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import { type Lock, acquireLock } from './lock.ts'

export interface LockScope {
  readonly nodes: readonly Node[]
  /** Whether the command continues without this node if it is unreachable; a warning names it then. */
  readonly mayBeAway: (node: Node) => boolean
}

/** All nodes of the cluster file; every one must be reachable. */
export function everyMachine({ nodes }: { readonly nodes: readonly Node[] }): LockScope {
  return theseMachines(nodes)
}

/** These nodes; every one must be reachable. */
export function theseMachines(nodes: readonly Node[]): LockScope {
  return { nodes, mayBeAway: () => false }
}

/**
 * Every reachable node. A lost member must not block work on the others: whether that is safe, the quorum decides, not
 * the lock.
 */
export function reachableMachines({ nodes }: { readonly nodes: readonly Node[] }): LockScope {
  return { nodes, mayBeAway: () => true }
}

/** All nodes except those declared lost; `mayBeAway`: of the others. */
export function allBut(
  { nodes }: { readonly nodes: readonly Node[] },
  lost: readonly string[],
  mayBeAway: LockScope['mayBeAway'],
): LockScope {
  return { nodes: nodes.filter(({ name }) => !lost.includes(name)), mayBeAway }
}

/** For a command that locks nothing. It sends no fence, so nodes would refuse its work. */
export function noLock(): Lock {
  return {
    work: async () => {
      throw new TypeError('a command without a lock changes no node')
    },
    lost: new AbortController().signal,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

export interface LockTerms {
  /** The command, for the other operator's message. */
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
 * @throws QuorateError `locked`; of every required node that is unreachable, of every node that fails for another reason than the
 *   network, and of all nodes if none is reachable: each is named.
 */
export async function takeLock(session: Lockable, { purpose, scope, finishes }: LockTerms): Promise<Lock> {
  const { emit, signal } = session
  const { results, errors } = await onAll(scope.nodes, async (node) => await session.remote(node))
  const away = new Set(scope.nodes.filter(scope.mayBeAway).map(({ name }) => name))
  const grave = errors.filter(({ code, host }) => code !== 'unreachable' || !away.has(host ?? ''))
  if (grave.length > 0 || results.length === 0) throw combineErrors(grave.length > 0 ? grave : errors)
  for (const { host, message } of errors)
    emit({ type: 'warning', host, text: `${message}; continuing without this node` })
  const remotes = results.map(({ value }) => value)
  return await acquireLock({ remotes, purpose, finishes, now: session.now(), emit, signal })
}
