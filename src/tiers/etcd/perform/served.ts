/** The certificates that a node's member presents on both of its ports, dialed from the node itself. */
import { QuorateError } from '../../../errors.ts'
import type { MemberTls } from '../../../etcd/endpoint.ts'
import { servedCertificate } from '../../../etcd/served-certificate.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'

/** How long a handshake may take, in ms. */
const HANDSHAKE_MS = 5_000

export interface ServedPorts {
  /** PEM; undefined: no answer, or none with TLS. */
  readonly client: string | undefined
  readonly peer: string | undefined
}

/** Presented to any client, trusted or not, so an expired one is seen as well. Needs SSH, but no healthy cluster. */
export async function servedOn(session: Session, node: Node): Promise<ServedPorts> {
  const { clientPort, peerPort } = session.cluster.etcd
  const [remote, tls] = await Promise.all([session.remote(node), ownCertificate(session)])
  const dial = async (port: number, alpn: string) => {
    // Its public listener: on the loopback address, clients may be served without TLS.
    const target = { socketPath: await remote.forward({ address: node.address, port }) }
    const endpoint = { name: node.name, target, identity: node.address, tls }
    return (await servedCertificate(endpoint, HANDSHAKE_MS, alpn))?.pem
  }
  const [client, peer] = await Promise.all([dial(clientPort, 'h2'), dial(peerPort, 'http/1.1')])
  return { client, peer }
}

/** Without a client certificate, the handshake still shows the server's; etcd only logs that the client had none. */
async function ownCertificate(session: Session): Promise<MemberTls> {
  try {
    return await session.credentials()
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'pki') throw error
    return { ca: (await session.bundle()) ?? '', cert: '', key: '' }
  }
}
