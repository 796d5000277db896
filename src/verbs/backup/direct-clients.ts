/** Clients for what is large: dialled from here without SSH around it where that works, and as ever where it does not. */
import { type MemberClient, connectMember } from '../../etcd/client.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Node } from '../../spec/cluster.ts'

/** A firewall that drops silently costs no more, in ms. */
const PATIENCE_MS = 1_500
const ANSWER_MS = 8_000

export interface DirectClients extends Disposable {
  /** One for each node; that of one that can be reached in no way fails when it is used. */
  readonly clients: readonly MemberClient[]
}

/** TLS is the same either way: the member proves who it is, and so does the operator. */
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
        // Without SSH as well: one member less to choose from, and its reason is told by the direct way.
        signal.throwIfAborted()
        return direct
      }
    }),
  )
  return { clients, [Symbol.dispose]: () => opened.forEach((client) => client.close()) }
}
