/**
 * Changes of a cluster's membership. Each reads the list first, and again after a lost answer, so that a repeated
 * request doesn't change anything twice.
 */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { failureKind } from './failure.ts'
import { Cluster } from './gen/cluster_pb.ts'
import { type MemberList, formatId, listMembers } from './view.ts'
import type { ListedMember } from './listed-member.ts'
import { type Looked, giveUp, until } from '../wait/until.ts'

/**
 * How long etcd may refuse, in ms. With strict-reconfig-check, a member accepts no change of membership until its
 * connections to all voting members are 5 s old. It answers 'unavailable' then, as it does during an election.
 */
const PATIENCE_MS = 20_000
const PAUSE_MS = 250

/** How long one change may take, in ms. */
const CHANGE_MS = 10_000

export interface Newcomer {
  readonly peerUrls: readonly string[]
  /** False before etcd 3.4, which doesn't support learners: it votes at once. */
  readonly learner: boolean
  /** IDs of the members that are expected before the change. */
  readonly members: readonly string[]
}

/** @throws QuorateError `moved` if the members are not the expected ones; `etcd` with etcd's own refusal. */
export async function addMember(
  clients: readonly MemberClient[],
  { peerUrls, learner, members }: Newcomer,
  signal: AbortSignal,
): Promise<void> {
  await untilListed(clients, signal, {
    isDone: (list) => list.some((member) => peerUrls.some((url) => member.peerUrls.includes(url))),
    check: (list) => sameMembers(list, members),
    change: async (client) =>
      await client.call(
        Cluster.method.memberAdd,
        { peerUrls: [...peerUrls], isLearner: learner },
        { timeoutMs: CHANGE_MS, signal },
      ),
  })
}

/** Succeeds if the member is no longer in the list. */
export async function removeMember(
  clients: readonly MemberClient[],
  memberId: string,
  signal: AbortSignal,
): Promise<void> {
  const id = BigInt(`0x${memberId}`)
  await untilListed(clients, signal, {
    isDone: (list) => list.every((member) => member.id !== id),
    check: () => undefined,
    change: async (client) =>
      await client.call(Cluster.method.memberRemove, { id }, { timeoutMs: CHANGE_MS, signal }),
  })
}

/** @throws QuorateError `moved` if it isn't a member; `etcd` with etcd's own refusal. */
export async function updateMember(
  clients: readonly MemberClient[],
  memberId: string,
  peerUrls: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const id = BigInt(`0x${memberId}`)
  await untilListed(clients, signal, {
    isDone: (list) =>
      list.some(
        (member) => member.id === id && member.peerUrls.toSorted().join() === peerUrls.toSorted().join(),
      ),
    check: (list) => isThere(list, id),
    change: async (client) =>
      await client.call(
        Cluster.method.memberUpdate,
        { id, peerUrls: [...peerUrls] },
        { timeoutMs: CHANGE_MS, signal },
      ),
  })
}

/** Makes a learner a voting member. The caller must know whether it has caught up: etcd's own check is weak. */
export async function promoteMember(
  clients: readonly MemberClient[],
  memberId: string,
  signal: AbortSignal,
): Promise<void> {
  const id = BigInt(`0x${memberId}`)
  await untilListed(clients, signal, {
    isDone: (list) => list.some((member) => member.id === id && !member.learner),
    check: (list) => isThere(list, id),
    change: async (client) =>
      await client.call(Cluster.method.memberPromote, { id }, { timeoutMs: CHANGE_MS, signal }),
  })
}

interface Change {
  readonly isDone: (list: readonly ListedMember[]) => boolean
  /** Throws if the list isn't the one that the change was decided on. */
  readonly check: (list: readonly ListedMember[]) => void
  readonly change: (client: MemberClient) => Promise<unknown>
}

/** Only the list shows whether a change was made: an answer may be lost or late. */
async function untilListed(
  clients: readonly MemberClient[],
  signal: AbortSignal,
  { isDone, check, change }: Change,
): Promise<void> {
  const look = async (): Promise<Looked<void, QuorateError>> => {
    const { client, list } = await presentList(clients, signal)
    if (isDone(list)) return { found: undefined }
    check(list)
    let trouble = new QuorateError(
      'etcd',
      'the member accepted the change, but its member list does not show the change',
      {
        host: client.name,
        hint: 'check the members: quorate status',
      },
    )
    let refused = false
    try {
      await change(client)
    } catch (thrown) {
      if (!(thrown instanceof QuorateError) || thrown.code !== 'etcd') throw thrown
      refused = !['unavailable', 'deadline', 'closed', 'refused'].includes(failureKind(thrown))
      trouble = thrown
    }
    // Also after a success: only the list counts.
    if (isDone((await presentList(clients, signal)).list)) return { found: undefined }
    if (refused) throw trouble
    return { missing: trouble }
  }
  await until(look, { ms: PATIENCE_MS, everyMs: PAUSE_MS, signal, late: giveUp })
}

/** From a member that has a leader: without one, its list may be outdated. */
async function presentList(
  clients: readonly MemberClient[],
  signal: AbortSignal,
): Promise<{ readonly client: MemberClient; readonly list: readonly ListedMember[] }> {
  let trouble: unknown
  for (const client of clients) {
    let list: MemberList
    try {
      list = await listMembers(client, signal)
    } catch (thrown) {
      if (!(thrown instanceof QuorateError) || thrown.code !== 'etcd') throw thrown
      trouble = thrown
      continue
    }
    if (list.linearizable) return { client, list: list.members }
  }
  throw new QuorateError('unhealthy', 'the member list is unknown: no member answered a linearizable read', {
    hint: 'check the members with quorate status: a quorum is required',
    cause: trouble,
  })
}

function sameMembers(list: readonly ListedMember[], expected: readonly string[]): void {
  const now = list.map(({ id }) => formatId(id)).toSorted()
  if (now.join() === expected.toSorted().join()) return
  throw new QuorateError(
    'moved',
    `the member list changed: it is ${now.join(', ')}, expected ${expected.join(', ')}`,
    {
      hint: 'check quorate status, then rerun the command (another operator or tool changes the members)',
    },
  )
}

function isThere(list: readonly ListedMember[], id: bigint): void {
  if (list.some((member) => member.id === id)) return
  throw new QuorateError('moved', `member ${formatId(id)} is no longer in the cluster`, {
    hint: 'check quorate status, then rerun the command (another operator or tool changes the members)',
  })
}
