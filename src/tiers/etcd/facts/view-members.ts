/** What the file's members say when they are asked, without a look at their machines. */
import { QuorateError, combineErrors } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import type { ListedMember } from '../../../etcd/listed-member.ts'
import { type ClusterView, type MemberView, readClusterView } from '../../../etcd/view.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import { type HostOutcomes, onAll } from '../../../ssh/fleet.ts'
import { seek } from '../perform/seek.ts'
import type { Session } from '../session.ts'

/** One that does not answer, or whose machine can't be reached, is part of the view and no error. @throws QuorateError if no machine can be reached */
export async function viewMembers(session: Session): Promise<ClusterView> {
  const view = await viewOnce(session)
  const found = await onAll(etcdNodes(session.cluster), async (node) => {
    const member = view.members.find(({ name }) => name === node.name)
    return member !== undefined && (await seek(session, node, member))
  })
  // Whose machine can't be looked at is told of already.
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
  // Nothing can be learnt of any member then: it is not one machine's trouble.
  const fatal = outcomes.errors.find(({ code }) => code !== 'unreachable')
  if (fatal !== undefined) throw fatal
  // What could not be looked at is not down: nothing is known of the cluster then.
  if (outcomes.results.length === 0) throw combineErrors(outcomes.errors)
  return outcomes
}

/** Clients of those members whose machines can be reached. */
export async function reachableClients(session: Session): Promise<readonly MemberClient[]> {
  const { results } = await connectMembers(session)
  return results.map(({ value }) => value)
}

/** The member list of one that has a leader; undefined: nobody has one, or nobody can be asked. */
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
