/** The probe's own clients of the members, which follow what the session knows about them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type MemberClient, connectMember } from '../../etcd/client.ts'
import type { MemberEndpoint } from '../../etcd/endpoint.ts'
import { quorum } from './facts/quorum.ts'
import type { RecorderClients } from '../../engine/with-recorder.ts'
import type { Session } from './session.ts'
import { etcdNodes } from '../../spec/cluster.ts'

/** How long to wait for the other members, once a quorum can be dialed; in ms. */
const GRACE_MS = 500

/** How often to check for a changed route or credentials; in ms. */
const LOOK_MS = 1_000

/**
 * Waits until a quorum of the cluster file's members can be dialed, or all reachable ones are known. Leaves out an
 * unreachable member until it is reachable.
 *
 * @throws QuorateError of one of the nodes if none is reachable
 */
export async function openRecorderClients(
  session: Pick<Session, 'cluster' | 'endpoint'>,
): Promise<RecorderClients> {
  const nodes = etcdNodes(session.cluster)
  const open = new Map<string, { readonly key: string; readonly client: MemberClient }>()
  const enough = Promise.withResolvers<void>()
  const ended = new AbortController()

  async function look(node: (typeof nodes)[number]): Promise<void> {
    const endpoint = await session.endpoint(node)
    const key = keyOf(endpoint)
    const before = open.get(node.name)
    if (ended.signal.aborted || before?.key === key) return
    open.set(node.name, { key, client: connectMember(endpoint) })
    before?.client.close()
    if (open.size >= quorum(nodes.length)) enough.resolve()
  }
  /** Leaves out members on unreachable nodes. @returns the reason for each */
  async function lookAtAll(): Promise<readonly unknown[]> {
    const outcomes = await Promise.allSettled(nodes.map(look))
    return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  }
  async function follow(): Promise<void> {
    while (!ended.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)
      if (!ended.signal.aborted) await lookAtAll()
    }
  }

  const failures = await Promise.race([
    lookAtAll(),
    enough.promise.then(async () => await sleep(GRACE_MS, [], { ref: false })),
  ])
  if (open.size === 0) throw failures[0]
  void follow()
  return {
    current: () => [...open.values()].map(({ client }) => client),
    [Symbol.dispose]: () => {
      ended.abort()
      for (const { client } of open.values()) client.close()
    },
  }
}

function keyOf({ target, identity, tls }: MemberEndpoint): string {
  return JSON.stringify([target, identity, tls?.ca, tls?.cert, tls?.key])
}
