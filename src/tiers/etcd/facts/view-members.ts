/** What the file's members report, without observing their nodes. */
import { QuorateError, combineErrors } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import type { ListedMember } from '../../../etcd/listed-member.ts'
import { type ClusterView, type MemberView, readClusterView } from '../../../etcd/view.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import { type HostOutcomes, onAll } from '../../../ssh/fleet.ts'
import { seek } from '../perform/seek.ts'
import type { Session } from '../session.ts'

/** A member that doesn't answer or is unreachable is part of the view, not an error. @throws QuorateError if no node is reachable */
export async function viewMembers(session: Session): Promise<ClusterView> {
  const view = await viewOnce(session)
  const found = await onAll(etcdNodes(session.cluster), async (node) => {
    const member = view.members.find(({ name }) => name === node.name)
    return member !== undefined && (await seek(session, node, member))
  })
  // Nodes that can't be observed were already reported.
  return found.results.some(({ value }) => value) ? await viewOnce(session) : view
}

async function viewOnce(session: Session): Promise<ClusterView> {
  const { results, errors } = await connectMembers(session)
  const view = await readClusterView(
    results.map(({ value }) => value),
    session.signal,
  )
  const answered = new Map(view.members.map((member) => [member.name, member]))
  const members = etcdNodes(session.cluster).map(({ name }): MemberView => {
    const error = errors.find(({ host }) => host === name)
    const reason = { kind: 'unreachable' as const, message: error?.message ?? 'unknown', hint: error?.hint }
    return answered.get(name) ?? { reachable: false, name, reason, unasked: error?.code ?? 'unreachable' }
  })
  return { members }
}

async function connectMembers(session: Session): Promise<HostOutcomes<MemberClient>> {
  const outcomes = await onAll(etcdNodes(session.cluster), async (node) => {
    const [client] = await session.members([node])
    if (client === undefined) throw new TypeError('no client')
    return client
  })
  // Then no member can be asked: it isn't the problem of one node.
  const fatal = outcomes.errors.find(({ code }) => code !== 'unreachable')
  if (fatal !== undefined) throw fatal
  // Unreachable isn't down: nothing is known about the cluster then.
  if (outcomes.results.length === 0) throw combineErrors(outcomes.errors)
  return outcomes
}

/** Clients of the members on reachable nodes. */
export async function reachableClients(session: Session): Promise<readonly MemberClient[]> {
  const { results } = await connectMembers(session)
  return results.map(({ value }) => value)
}

/** The member list from a member with a leader; undefined: no member has one, or none can be asked. */
export async function certainMembers(session: Session): Promise<readonly ListedMember[] | undefined> {
  let view: ClusterView
  try {
    view = await readClusterView(await reachableClients(session), session.signal)
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return undefined
  }
  const lists = view.members.map((member) => (member.reachable ? member.list : undefined))
  return lists.find((list) => list?.linearizable)?.members
}
