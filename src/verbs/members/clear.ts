/**
 * Nodes whose members leave: a dead member is stopped permanently first. The nodes are decommissioned once they are no
 * longer members.
 */
import { QuorateError } from '../../errors.ts'
import { type ResetIntent, planReset } from '../../tiers/etcd/plan/reset.ts'
import { isMemberOf } from '../../tiers/etcd/facts/membership-map.ts'
import type { ResetStep } from '../../tiers/etcd/steps/steps.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import { clusterFacts } from '../../tiers/etcd/facts/facts.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { type MemberLook, lookAtLeaving } from '../../tiers/etcd/member-change.ts'
import { runPlainWave } from '../../tiers/etcd/plain-wave.ts'
import { carryOutReset } from '../../tiers/etcd/perform/reset.ts'

/** A member that runs without answering could partly recover later, so it is stopped before it is removed. */
export async function stopDead(
  session: Session,
  lock: Lock,
  nodes: readonly Node[],
  { observed, leaving }: MemberLook,
): Promise<void> {
  const { members = [], healthy = [] } = observed.cluster ?? {}
  const dead = nodes.filter((node) => {
    const unit = leaving[node.name]?.member?.unit
    const runs = unit !== undefined && unit.active !== 'inactive' && unit.active !== 'failed'
    const member = members.find((one) => isMemberOf(node, one))
    return runs && member !== undefined && !healthy.includes(member.name)
  })
  const steps = dead.map(({ name: host }) => ({
    kind: 'stop' as const,
    host,
    unit: 'etcd.service',
    what: 'stop and disable etcd.service',
    why: 'it will be removed and does not answer',
    danger: 'membership' as const,
  }))
  await runPlainWave(session, lock, dead, steps)
}

export interface Cleared {
  readonly done: readonly ResetStep[]
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
  /** Nodes that can't be reached. */
  readonly notCleared: readonly string[]
}

/** @throws QuorateError `blocked` for a node of another cluster, `moved` for one that is a member again. */
export async function clearLeaving(
  session: Session,
  lock: Lock,
  nodes: readonly Node[],
  reset: ResetIntent,
): Promise<Cleared> {
  if (nodes.length === 0) return { done: [], moved: [], notCleared: [] }
  const [{ states, unreachable }] = await Promise.all([
    lookAtLeaving(session, nodes),
    requireGone(session, nodes),
  ])
  const hosts = Object.keys(states)
  const { steps, blocked } = planReset({ ...reset, hosts, removed: hosts }, states)
  if (blocked.length > 0) throw blockedError(blocked)
  if (steps.length === 0) return { done: [], moved: [], notCleared: unreachable }
  const reached = nodes.filter(({ name }) => hosts.includes(name))
  return { ...(await carryOutReset(session, lock, reset, reached, steps)), notCleared: unreachable }
}

/** Asks the cluster at this very moment: data may be renamed only if its member has no vote any more. */
async function requireGone(session: Session, nodes: readonly Node[]): Promise<void> {
  const facts = await clusterFacts(session, etcdNodes(session.cluster), false)
  if (facts?.leader === undefined)
    throw new QuorateError('unhealthy', 'the member list is unknown: the cluster has no leader')
  const still = nodes.find((node) => facts.members.some((member) => isMemberOf(node, member)))
  if (still === undefined) return
  throw new QuorateError(
    'moved',
    'node is a member of the cluster: its etcd was not stopped, and its data was not renamed',
    {
      host: still.name,
      hint: 'check whether another operator added it: quorate status',
    },
  )
}
