/** Carries out one wave of steps: first those of the cluster as a whole, then every host's, all hosts at once. */
import { combineErrors } from '../errors.ts'
import type { Node } from '../spec/cluster.ts'
import { onAll } from '../ssh/fleet.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import type { HostWork } from './host-work.ts'
import type { Lock } from './lock.ts'
import { type OfCluster, type OnHost, orderOf } from './order.ts'
import { HostProgress } from './progress.ts'
import type { StepRegistry } from './step-registry.ts'
import type { EngineStep } from './step.ts'
import { timed } from './timed.ts'

/** What a wave needs of a session. */
export interface WaveSession {
  readonly cluster: { readonly nodes: readonly Node[] }
  readonly steps: StepRegistry
  readonly remote: (node: Node) => Promise<Remote>
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** How steps are carried out: what the tiers know, and the engine does not. `S`: their steps. */
export interface Crew<S extends EngineStep> {
  /** Carries out a step of the cluster as a whole. Such a step may take minutes: it ends with the signal. */
  readonly perform: (step: OfCluster<S>, signal: AbortSignal) => Promise<void>
  /** Obtains what the hosts' steps need, for all of them at once; gives each machine its work. */
  readonly equip: (signal: AbortSignal) => Promise<(node: Node, steps: readonly OnHost<S>[]) => HostWork>
  /** The error of a machine's work, in terms of what the operator can change. */
  readonly explain: (error: unknown) => Promise<unknown>
}

/**
 * @returns what machines are like afterwards: the lines of the looks of every one that was worked on, by node name.
 * @throws QuorateError of the first failures, all hosts' together; what was done before stays done.
 */
export async function runWave<S extends EngineStep>(
  session: WaveSession,
  lock: Lock,
  wave: readonly S[],
  crew: Crew<S>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { cluster, emit } = session
  emit({ type: 'wave', steps: wave })
  const signal = AbortSignal.any([session.signal, lock.lost])
  const order = orderOf(wave, session.steps)
  const beside = inTurn(order.beside, async (step) => {
    await timed(emit, step, async () => await crew.perform(step, signal))
  })
  // Told where it is awaited: after the hosts are done.
  beside.catch(() => undefined)
  await inTurn(order.cluster, async (step) => {
    // No machine's fence guards what is done through etcd: the lock has to be ours still.
    signal.throwIfAborted()
    await timed(emit, step, async () => await unlessAborted(signal, crew.perform(step, signal)))
  })
  const workOf = await crew.equip(signal)
  const nodes = cluster.nodes.filter(({ name }) => order.hosts.has(name))
  const { results, errors } = await onAll(nodes, async (node) => {
    const own = order.hosts.get(node.name) ?? []
    const work = workOf(node, own)
    const { operations, sendings, ...terms } = work
    const remote = await session.remote(node)
    const progress = new HostProgress(node.name, own, { operations, sendings }, emit)
    try {
      const { lines } = await lock.work(remote, {
        ...terms,
        operations: operations.flat(),
        signal,
        onDone: (operation) => progress.done(operation),
        onSent: (bytes) => progress.sent(bytes),
      })
      return lines
    } catch (thrown) {
      const error = await crew.explain(thrown)
      progress.failed(error)
      throw error
    }
  })
  if (errors.length > 0) throw combineErrors(errors)
  await beside
  return new Map(results.map(({ host, value }) => [host, value]))
}

async function inTurn<S>(steps: readonly S[], work: (step: S) => Promise<void>): Promise<void> {
  for (const step of steps) await work(step)
}

/** What was given up because of the signal says no more than that it was: the signal says why. */
async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
