/** Members that day-two commands choose, ask and wait for. */
import { QuorateError } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import { readClusterView } from '../../../etcd/view.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { type Looked, until } from '../../../wait/until.ts'
import type { Session } from '../session.ts'
import { MEMBERS } from './facets.ts'
import { observe } from './observe.ts'
import { type Standing, standingOf } from './standing.ts'
import { reachableClients } from './view-members.ts'

/** How long a member may take to answer again, in ms, and how often it is asked. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 100

/** Clients of the members that answered a linearizable read. */
export async function healthyClients(
  session: Session,
  { members }: Standing,
): Promise<readonly MemberClient[]> {
  const healthy = members.filter((member) => member.healthy).map(({ name }) => name)
  return (await reachableClients(session)).filter(({ name }) => healthy.includes(name))
}

/** The current state of all members. @throws QuorateError as `observe` does */
export async function standingNow(session: Session): Promise<Standing> {
  return standingOf(session.cluster, await observe(session, MEMBERS))
}

/** @throws QuorateError `usage` for a name that isn't an etcd node. */
export function chosenNodes({ cluster }: Session, names: readonly string[]): readonly Node[] {
  const nodes = etcdNodes(cluster)
  for (const name of names) {
    if (nodes.some((node) => node.name === name)) continue
    throw new QuorateError('usage', `'${name}' is not an etcd node of the cluster file`, {
      hint: `use one of the etcd nodes: ${nodes.map((one) => one.name).join(', ')}`,
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
      throw new QuorateError(
        'unhealthy',
        `members did not become healthy within ${waitedMs / 1000} s: ${list}`,
        {
          id: 'members-not-healthy-in-time',
          hint: 'run quorate status, and read the journals: quorate run etcd -- journalctl -u etcd -n 50',
        },
      )
    },
  })
}
