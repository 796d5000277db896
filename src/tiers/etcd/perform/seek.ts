/** Finds members that listen elsewhere than the cluster file says: it was edited, and not applied yet. */
import { LOOPBACK, localPort } from '../../../etcd/local-port.ts'
import type { MemberView } from '../../../etcd/view.ts'
import { runAgent } from '../../../host/agent.ts'
import { looksFor, parseHostState } from '../../../host/observe.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'

/** No process listens; or it uses another protocol (TLS or plaintext); or its identity is another one. */
const NOT_ITS_PORT: readonly string[] = ['refused', 'closed', 'not-grpc', 'not-tls', 'wrong-identity']

/**
 * Finds out where the member of a node that didn't answer listens. Needs one round trip, and only for a member that may
 * listen elsewhere.
 *
 * @returns whether to ask it again: the session now knows where it listens.
 */
export async function seek(session: Session, node: Node, member: MemberView): Promise<boolean> {
  if (member.reachable || !NOT_ITS_PORT.includes(member.reason.kind)) return false
  const { cluster, signal } = session
  const remote = await session.remote(node)
  const { lines } = await runAgent(remote, { operations: [], looks: looksFor(cluster, node), signal })
  const environment = parseHostState(node.name, true, lines).member?.unit.environment
  const where = environment && localPort(environment)
  const { clientPort, localPlaintext, plaintextClients } = cluster.etcd
  const asInFile =
    where?.at === LOOPBACK &&
    where.port === clientPort &&
    where.plaintext === (localPlaintext || plaintextClients) &&
    where.address === node.address
  if (where === undefined || asInFile) return false
  session.found(node, where)
  return true
}
