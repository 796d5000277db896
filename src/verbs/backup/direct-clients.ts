/** Clients for large transfers: a direct connection without SSH where that works, otherwise through SSH as usual. */
import { type MemberClient, connectMember } from '../../etcd/client.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Node } from '../../spec/cluster.ts'

/** Limits the cost of a firewall that silently drops packets, in ms. */
const PATIENCE_MS = 1_500
const ANSWER_MS = 8_000

export interface DirectClients extends Disposable {
  /** One for each node. If a node is unreachable by any route, its client fails when it is used. */
  readonly clients: readonly MemberClient[]
}

/** TLS is the same on both routes: member and operator both authenticate. */
export async function directClients(session: Session, nodes: readonly Node[]): Promise<DirectClients> {
  const tls = await session.credentials()
  const { signal, cluster } = session
  const port = cluster.etcd.clientPort
  const opened: MemberClient[] = []
  const clients = await Promise.all(
    nodes.map(async (node) => {
      const { name, address } = node
      const target = { address, port }
      const direct = connectMember({ name, target, identity: address, tls, timeoutMs: ANSWER_MS, signal })
      opened.push(direct)
      try {
        await direct.call(Maintenance.method.status, {}, { timeoutMs: PATIENCE_MS })
        return direct
      } catch {
        signal.throwIfAborted()
      }
      try {
        return (await session.members([node]))[0] ?? direct
      } catch {
        // SSH failed as well, so there is one member less to choose from. The direct route reports the reason.
        signal.throwIfAborted()
        return direct
      }
    }),
  )
  return { clients, [Symbol.dispose]: () => opened.forEach((client) => client.close()) }
}
