/** `quorate reset`: stops etcd and moves its data aside, on all nodes of a cluster or on one that is no member. */
import { theseMachines } from '../../engine/locking.ts'
import { sameSteps } from '../../engine/approval.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { peerUrl } from '../../etcd/configuration.ts'
import type { Operation } from '../../host/operations.ts'
import { looksFor, parseHostState } from '../../host/observe.ts'
import { infeasible } from '../../tiers/etcd/plan/feasible.ts'
import { type ResetIntent, planReset, resetSteps } from './decide.ts'
import type { ResetStep } from '../../tiers/etcd/steps/steps.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { lookAt } from '../../tiers/etcd/facts/machines.ts'
import { asEtcdNode } from '../members/observe.ts'
import { certainMembers } from '../../tiers/etcd/facts/members.ts'
import { runVerb } from '../../engine/run-verb.ts'

export interface ResetOptions {
  /** Name of a node; all that carry etcd unless given. */
  readonly node?: string | undefined
  /** This cluster's data is removed instead of moved aside. */
  readonly purge?: boolean | undefined
  /** Is shown what will be done before anything is, and throws to stop. Not called where there is nothing to do. */
  readonly confirm: (preview: ResetPreview) => Promise<void>
}

export interface ResetPreview {
  readonly hosts: readonly string[]
  readonly steps: readonly ResetStep[]
}

export interface ResetReport {
  readonly done: readonly ResetStep[]
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
}

interface Decision {
  readonly intent: ResetIntent
  readonly steps: readonly ResetStep[]
}

/**
 * @throws QuorateError `blocked` with every reason; `moved` if the machines changed after they were shown; `locked`; what
 * a step failed with. What was done until then stays done, and a second run does the rest.
 */
export async function reset(session: Session, options: ResetOptions): Promise<ResetReport> {
  const { cluster } = session
  const nodes = chosen(session, options.node)
  const asked = {
    cluster,
    hosts: nodes.map(({ name }) => name),
    purge: options.purge ?? false,
    suffix: `before-reset-${compactTime(session.now())}`,
  }
  const outcome = await runVerb<Session, Decision, ResetReport>(session, {
    name: 'reset',
    decide: async (own) => {
      // Under the lock again: a node may have joined while a person was reading.
      const departed = options.node === undefined ? [] : await notMembers(own, nodes)
      const intent: ResetIntent = { ...asked, departed }
      const steps = await currentSteps(own, intent, nodes)
      return steps.length === 0 ? undefined : { intent, steps }
    },
    confirm: async ({ steps }) => await options.confirm({ hosts: hostsOf(steps), steps }),
    scope: () => theseMachines(nodes),
    same: (shown, now) => sameSteps(shown.steps, now.steps, session.steps),
    lookHint: 'quorate reset',
    // There is no cluster afterwards that a client could notice anything of.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: { intent, steps } }) =>
      await carryOutReset(own, lock, intent, nodes, steps),
  })
  return outcome?.result ?? { done: [], moved: [] }
}

function chosen({ cluster }: Session, name: string | undefined): readonly Node[] {
  const nodes = etcdNodes(cluster)
  if (name === undefined) return nodes
  // One that has other roles by now may still have etcd's data.
  const node = cluster.nodes.find((one) => one.name === name)
  if (node !== undefined) return [asEtcdNode(node)]
  throw new QuorateError('usage', `'${name}' is no node of the cluster file`, {
    hint: `nodes: ${cluster.nodes.map((one) => one.name).join(', ')}`,
  })
}

/** Names of those of which the cluster says for certain that they are no members; none where nobody can say so. */
async function notMembers(session: Session, nodes: readonly Node[]): Promise<readonly string[]> {
  if (!session.hasOperated) return []
  const list = await certainMembers(session)
  if (list === undefined) return []
  const isListed = (node: Node) =>
    list.some(({ name, peerUrls }) => name === node.name || peerUrls.includes(peerUrl(session.cluster, node)))
  return nodes.filter((node) => !isListed(node)).map(({ name }) => name)
}

/** @throws QuorateError of the machines that can't be looked at, or `blocked` */
async function currentSteps(
  session: Session,
  intent: ResetIntent,
  nodes: readonly Node[],
): Promise<readonly ResetStep[]> {
  const { results, errors } = await lookAt(session, nodes)
  if (errors.length > 0) throw combineErrors(errors)
  const hosts = Object.fromEntries(results.map(({ host, value }) => [host, value]))
  const { steps, blocked } = planReset(intent, hosts)
  const reasons = [...blocked, ...infeasible(session.cluster, { hosts }, steps)]
  if (reasons.length > 0) throw blockedError(reasons)
  return steps
}

/** One round trip a machine, all machines at once. */
export async function carryOutReset(
  session: Session,
  lock: Lock,
  intent: ResetIntent,
  nodes: readonly Node[],
  steps: readonly ResetStep[],
): Promise<ResetReport> {
  session.emit({ type: 'wave', steps })
  const signal = AbortSignal.any([session.signal, lock.lost])
  const work = nodes.filter(({ name }) => hostsOf(steps).includes(name))
  const { results, errors } = await onAll(work, async (node) => {
    const own = steps.filter(({ host }) => host === node.name)
    const { notes, lines } = await runSteps(session, node, own, lock, signal)
    const { member } = parseHostState(node.name, true, lines)
    const left = member === undefined ? [] : resetSteps(intent, node.name, member)
    if (left.length > 0) throw leftOver(node, left)
    return notes.map(parseMoved)
  })
  if (errors.length > 0) throw combineErrors(errors)
  const moved = results.flatMap(({ host, value }) => value.map(({ from, to }) => ({ host, from, to })))
  return { done: steps, moved }
}

async function runSteps(
  session: Session,
  node: Node,
  steps: readonly ResetStep[],
  lock: Lock,
  signal: AbortSignal,
) {
  let current = 0
  let started = performance.now()
  const begin = () => {
    const step = steps[current]
    started = performance.now()
    if (step) session.emit({ type: 'step-started', step })
  }
  begin()
  try {
    return await lock.work(await session.remote(node), {
      operations: steps.map(operation),
      looks: looksFor(session.cluster, node),
      signal,
      onDone: (done) => {
        const step = steps[done]
        if (step === undefined) return
        session.emit({ type: 'step-done', step, durationMs: performance.now() - started })
        current = done + 1
        begin()
      },
    })
  } catch (error) {
    const step = steps[current]
    const message = error instanceof Error ? error.message : String(error)
    if (step) session.emit({ type: 'step-failed', step, message })
    throw error
  }
}

/** Each step is one operation of the agent. */
function operation(step: ResetStep): Operation {
  switch (step.kind) {
    case 'stop':
      return ['stop', step.unit]
    case 'aside':
      return ['aside', step.suffix, ...step.paths]
    case 'remove':
      return ['remove', ...step.paths]
    default:
      return ['reload']
  }
}

function leftOver(node: Node, steps: readonly ResetStep[]): QuorateError {
  const list = steps.map(({ what, why }) => `${what} (${why})`).join('; ')
  return new QuorateError('moved', `this is as it was before, although it was done: ${list}`, {
    host: node.name,
    hint: 'something else may be undoing it (a configuration management?); look there, then run reset again',
  })
}

/** `moved FROM TO`, as the agent says it; paths from a cluster file hold no spaces. */
function parseMoved(note: string): { from: string; to: string } {
  const [, from = '', to = ''] = note.split(' ')
  return { from, to }
}

function hostsOf(steps: readonly ResetStep[]): readonly string[] {
  return [...new Set(steps.map(({ host }) => host))]
}
