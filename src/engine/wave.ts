/** Carries out one stage of steps: first those of the whole cluster, then every host's, all hosts at once. */
import { combineErrors } from '../errors.ts'
import type { AgentReply } from '../host/agent.ts'
import type { Node } from '../spec/cluster.ts'
import { onAll } from '../ssh/fleet.ts'
import type { Remote } from '../ssh/remote.ts'
import type { Emit } from './events.ts'
import type { Dialogue, HostWork } from './host-work.ts'
import type { Lock } from './lock.ts'
import { type OfCluster, type OnHost, type WaveOrder, orderOf } from './order.ts'
import { HostProgress } from './progress.ts'
import type { StepRegistry } from './step-registry.ts'
import type { EngineStep } from './step.ts'
import { timed } from './timed.ts'

/** What a stage needs of a session. */
export interface WaveSession {
  readonly cluster: { readonly nodes: readonly Node[] }
  readonly steps: StepRegistry
  readonly remote: (node: Node) => Promise<Remote>
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** How steps are carried out, which only the tiers know. `S`: their steps. */
export interface Crew<S extends EngineStep> {
  /** Carries out a step of the whole cluster. It may take minutes, and ends with the signal. */
  readonly perform: (step: OfCluster<S>, signal: AbortSignal) => Promise<void>
  /** Obtains what the hosts' steps need, for all of them at once; gives each node its work. */
  readonly equip: (
    signal: AbortSignal,
  ) => Promise<(node: Node, steps: readonly OnHost<S>[]) => HostWork | Dialogue>
  /** Throws if a node's answer shows that its steps left no trace. */
  readonly verify?: ((node: Node, reply: AgentReply) => void) | undefined
  /** The error of a node's work, in terms that the operator can act on. */
  readonly explain: (error: unknown) => Promise<unknown>
}

/**
 * @returns the answer of every changed node, by node name: its lines are the state afterwards, its notes what was renamed.
 * @throws QuorateError of the first failures, of all hosts together; completed steps stay done.
 */
export async function runWave<S extends EngineStep>(
  session: WaveSession,
  lock: Lock,
  wave: readonly S[],
  crew: Crew<S>,
): Promise<ReadonlyMap<string, AgentReply>> {
  const { emit } = session
  emit({ type: 'wave', steps: wave })
  const signal = AbortSignal.any([session.signal, lock.lost])
  const order = orderOf(wave, session.steps)
  const beside = inTurn(order.beside, async (step) => {
    await timed(emit, step, async () => await crew.perform(step, signal))
  })
  // Not `Promise.all`: an error says which steps were completed, so it waits until every step has ended.
  const [, inOrder] = await Promise.allSettled([beside, performed(session, lock, order, { ...crew, signal })])
  if (inOrder.status === 'rejected') throw inOrder.reason
  await beside
  return inOrder.value
}

/** Steps of the whole cluster, then those of the hosts. */
async function performed<S extends EngineStep>(
  session: WaveSession,
  lock: Lock,
  order: WaveOrder<S>,
  { signal, ...crew }: Crew<S> & { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, AgentReply>> {
  await inTurn(order.cluster, async (step) => {
    // No node's fence protects changes made through etcd: check that this process still holds the lock.
    signal.throwIfAborted()
    await timed(session.emit, step, async () => await unlessAborted(signal, crew.perform(step, signal)))
  })
  const workOf = await crew.equip(signal)
  const nodes = session.cluster.nodes.filter(({ name }) => order.hosts.has(name))
  const { results, errors } = await onAll(nodes, async (node) => {
    const own = order.hosts.get(node.name) ?? []
    const work = workOf(node, own)
    const reply =
      typeof work === 'function'
        ? await inDialogue({ session, lock, signal, node }, own, work, crew)
        : await inOneTrip({ session, lock, signal, node }, own, work, crew)
    crew.verify?.(node, reply)
    return reply
  })
  if (errors.length > 0) throw combineErrors(errors)
  return new Map(results.map(({ host, value }) => [host, value]))
}

interface Place {
  readonly session: WaveSession
  readonly lock: Lock
  readonly signal: AbortSignal
  readonly node: Node
}

async function inOneTrip(
  { session, lock, signal, node }: Place,
  steps: readonly EngineStep[],
  { operations, sendings, ...terms }: HostWork,
  { explain }: Pick<Crew<EngineStep>, 'explain'>,
): Promise<AgentReply> {
  const remote = await session.remote(node)
  const progress = new HostProgress(node.name, steps, { operations, sendings }, session.emit)
  try {
    return await lock.work(remote, {
      ...terms,
      operations: operations.flat(),
      signal,
      onDone: (operation) => progress.done(operation),
      onSent: (bytes) => progress.sent(bytes),
    })
  } catch (thrown) {
    const error = await explain(thrown)
    progress.failed(error)
    throw error
  }
}

async function inDialogue(
  { session, lock, signal, node }: Place,
  [step, ...others]: readonly EngineStep[],
  dialogue: Dialogue,
  { explain }: Pick<Crew<EngineStep>, 'explain'>,
): Promise<AgentReply> {
  if (step === undefined || others.length > 0) throw new TypeError('a dialogue is one step')
  return await timed(session.emit, step, async () => {
    try {
      const remote = await session.remote(node)
      return await dialogue(async (work) => await lock.work(remote, { ...work, signal }), signal)
    } catch (thrown) {
      throw await explain(thrown)
    }
  })
}

async function inTurn<S>(steps: readonly S[], work: (step: S) => Promise<void>): Promise<void> {
  for (const step of steps) await work(step)
}

/** An aborted task says only that it was aborted: the signal has the reason. */
async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
