/** `quorate reset`: stops etcd and renames its data, on all nodes of a cluster or on one node that is not a member. */
import { theseMachines } from '../../engine/locking.ts'
import { sameSteps } from '../../engine/approval.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { peerUrl } from '../../etcd/configuration.ts'
import { infeasible } from '../../tiers/etcd/plan/feasible.ts'
import { type ResetIntent, planReset } from '../../tiers/etcd/plan/reset.ts'
import type { ResetStep } from '../../tiers/etcd/steps/steps.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, asEtcdNode, etcdNodes } from '../../spec/cluster.ts'
import { lookAt } from '../../tiers/etcd/facts/observe.ts'
import { type ResetReport, carryOutReset } from '../../tiers/etcd/perform/reset.ts'
import { certainMembers } from '../../tiers/etcd/facts/view-members.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'

export interface ResetOptions {
  /** Name of a node; default: all nodes that run etcd. */
  readonly node?: string | undefined
  /** Deletes this cluster's data instead of renaming it. */
  readonly purge?: boolean | undefined
  /** Gets the preview before any change; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: ResetPreview) => Promise<void>
}

export interface ResetPreview {
  readonly hosts: readonly string[]
  readonly steps: readonly ResetStep[]
}

interface Decision {
  readonly intent: ResetIntent
  readonly steps: readonly ResetStep[]
}

/**
 * @throws QuorateError `blocked` with every reason; `moved` if the nodes changed after the preview; `locked`; the
 * error of a failed step. Completed steps stay done, and a rerun does the rest.
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
  const { result } = await runVerb<Session, Decision, ResetReport>(session, {
    name: 'reset',
    decide: async (own) => {
      // Again under the lock: a node may have joined during the preview.
      const removed = options.node === undefined ? [] : await notMembers(own, nodes)
      const intent: ResetIntent = { ...asked, removed }
      const steps = await currentSteps(own, intent, nodes)
      return steps.length === 0 ? idle({ done: [], moved: [] }) : { intent, steps }
    },
    confirm: async ({ steps }) => await options.confirm({ hosts: hostsOf(steps), steps }),
    scope: () => theseMachines(nodes),
    same: (shown, now) => sameSteps(shown.steps, now.steps, session.steps),
    lookHint: 'quorate reset',
    // No cluster is left for a client to use.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: { intent, steps } }) =>
      await carryOutReset(own, lock, intent, nodes, steps),
  })
  return result
}

function chosen({ cluster }: Session, name: string | undefined): readonly Node[] {
  const nodes = etcdNodes(cluster)
  if (name === undefined) return nodes
  // A node with other roles may still have etcd data.
  const node = cluster.nodes.find((one) => one.name === name)
  if (node !== undefined) return [asEtcdNode(node)]
  throw new QuorateError('usage', `'${name}' is not in the cluster file`, {
    id: 'no-such-node',
    hint: `use one of the nodes: ${cluster.nodes.map((one) => one.name).join(', ')}`,
  })
}

/** Names of nodes that are certainly not members; empty if the cluster can't be asked. */
async function notMembers(session: Session, nodes: readonly Node[]): Promise<readonly string[]> {
  if (!session.hasOperated) return []
  const list = await certainMembers(session)
  if (list === undefined) return []
  const isListed = (node: Node) =>
    list.some(({ name, peerUrls }) => name === node.name || peerUrls.includes(peerUrl(session.cluster, node)))
  return nodes.filter((node) => !isListed(node)).map(({ name }) => name)
}

/** @throws QuorateError of the nodes that can't be inspected, or `blocked` */
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

function hostsOf(steps: readonly ResetStep[]): readonly string[] {
  return [...new Set(steps.map(({ host }) => host))]
}
