/** How all members are, asked now, and waiting until they are well: what the verbs of day two begin and go on with. */

import { QuorateError, combineErrors } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import { type ClusterView, type MemberView, readClusterView } from '../../../etcd/view.ts'
import type { ListedMember } from '../../../etcd/listed-member.ts'
import type { HostState } from '../../../host/state.ts'
import { type ClusterCondition, conditionOf } from './condition.ts'
import { seek } from '../perform/seek.ts'
import type { Session } from '../session.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { type HostOutcomes, onAll } from '../../../ssh/fleet.ts'
import { lookAt } from './machines.ts'
import { type Looked, until } from '../../../wait/until.ts'

/** How long a member may take to answer again, in ms, and how often it is asked. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 100

export interface Members {
  readonly condition: ClusterCondition
  readonly view: ClusterView
}

/** Clients of those members whose machines can be reached. */
export async function reachableClients(session: Session): Promise<readonly MemberClient[]> {
  const { results } = await connectMembers(session)
  return results.map(({ value }) => value)
}

/** Clients of the members that answered a linearizable read. */
export async function healthyClients(
  session: Session,
  { members }: ClusterCondition,
): Promise<readonly MemberClient[]> {
  const healthy = members.filter((member) => member.healthy).map(({ name }) => name)
  return (await reachableClients(session)).filter(({ name }) => healthy.includes(name))
}

/**
 * Whatever does not answer, machine or member, is part of the picture and no error.
 *
 * @throws QuorateError of all machines where not one can be reached; of those that are out of reach for another reason
 *   than the network.
 */
export async function lookAtMembers(session: Session): Promise<Members> {
  const [machines, view] = await Promise.all([
    lookAt(session, etcdNodes(session.cluster)),
    viewMembers(session),
  ])
  const strange = machines.errors.filter(({ code }) => code !== 'unreachable')
  if (strange.length > 0) throw combineErrors(strange)
  const hosts: Record<string, HostState> = Object.fromEntries(
    machines.results.map(({ host, value }) => [host, value]),
  )
  return { condition: conditionOf(session.cluster, view, hosts), view }
}

/** What the members say, without a look at their machines. */
export async function viewMembers(session: Session): Promise<ClusterView> {
  const view = await askMembers(session)
  const found = await onAll(etcdNodes(session.cluster), async (node) => {
    const member = view.members.find(({ name }) => name === node.name)
    return member !== undefined && (await seek(session, node, member))
  })
  // Whose machine can't be looked at is told of already.
  return found.results.some(({ value }) => value) ? await askMembers(session) : view
}

async function askMembers(session: Session): Promise<ClusterView> {
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

/** @throws QuorateError `usage` for a name that is none of the etcd nodes. */
export function chosenNodes({ cluster }: Session, names: readonly string[]): readonly Node[] {
  const nodes = etcdNodes(cluster)
  for (const name of names) {
    if (nodes.some((node) => node.name === name)) continue
    throw new QuorateError('usage', `'${name}' is no etcd node of the cluster file`, {
      hint: `etcd nodes: ${nodes.map((one) => one.name).join(', ')}`,
    })
  }
  return nodes.filter(({ name }) => names.includes(name))
}

/**
 * Waits until these members answer linearizable reads and all of them know the same leader.
 *
 * @throws QuorateError `unhealthy` with what is still wrong after a minute.
 */
export async function awaitAnswers(
  session: Session,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const clients = (await reachableClients(session)).filter(({ name }) => names.includes(name))
  const look = async (): Promise<Looked<void, string>> => {
    const { members } = await readClusterView(clients, signal)
    const troubles = members.flatMap((member) => {
      if (!member.reachable) return [`${member.name}: ${member.reason.message}`]
      return member.read.answered ? [] : [`${member.name}: ${member.read.reason.message}`]
    })
    const leaders = new Set(members.map((member) => (member.reachable ? member.leaderId : undefined)))
    if (troubles.length === 0 && leaders.size <= 1) return { found: undefined }
    return { missing: troubles.length > 0 ? troubles.join('; ') : 'the members do not agree on a leader' }
  }
  await until(look, {
    ms: PATIENCE_MS,
    patienceFactor: session.patienceFactor,
    everyMs: PAUSE_MS,
    signal,
    late: (list, waitedMs) => {
      throw new QuorateError('unhealthy', `not well again after ${waitedMs / 1000} s: ${list}`, {
        hint: 'nothing further was done. See quorate status, and the journals: quorate run etcd -- journalctl -u etcd -n 50',
      })
    },
  })
}
