/** The certificate that a member shows to whoever connects: what counts, whatever lies on its disk. */
import tls from 'node:tls'
import { type MemberEndpoint, tlsOptions } from './endpoint.ts'

export interface ServedCertificate {
  readonly notAfter: Date
  /** PEM. */
  readonly pem: string
}

/** How long the other side may take to close as well, in ms. */
const GOODBYE_MS = 1_000

/**
 * Looks at the certificate without trusting it, so that an expired or foreign one is seen too; nothing is sent.
 * Undefined where nobody answers in time, or not with TLS. `alpn`: the protocol asked for, `http/1.1` on a peer port.
 *
 * A connection of its own: of a member that a client talks to, `MemberClient.certificate` knows it already.
 */
export async function servedCertificate(
  endpoint: MemberEndpoint,
  timeoutMs: number,
  alpn = 'h2',
): Promise<ServedCertificate | undefined> {
  if (endpoint.tls === undefined) return undefined
  const { target } = endpoint
  const where = 'port' in target ? { host: target.address, port: target.port } : { path: target.socketPath }
  const socket = tls.connect({
    ...tlsOptions(endpoint, alpn),
    ...where,
    rejectUnauthorized: false,
    timeout: timeoutMs,
  })
  socket.on('error', () => undefined)
  const seen = await new Promise<ServedCertificate | undefined>((resolve) => {
    socket.once('secureConnect', () => resolve(shownTo(socket)))
    for (const end of ['error', 'timeout', 'close'] as const) socket.once(end, () => resolve(undefined))
  })
  if (seen === undefined) socket.destroy()
  else await sayGoodbye(socket)
  return seen
}

/** What the other side of a TLS connection showed. @returns undefined where the handshake is not done */
export function shownTo(socket: tls.TLSSocket): ServedCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  return certificate && { notAfter: new Date(certificate.validTo), pem: certificate.toString() }
}

/**
 * Lets the member have the rest of the handshake, and then says goodbye. In TLS 1.3 our last words are still on their way
 * when we have seen its certificate: etcd would log that the connection broke off ("rejected connection", "EOF").
 */
async function sayGoodbye(socket: tls.TLSSocket): Promise<void> {
  if (socket.destroyed) return
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const patience = setTimeout(() => socket.destroy(), GOODBYE_MS)
  // etcd speaks first, and a connection with something unread would be reset.
  socket.resume().end()
  await closed
  clearTimeout(patience)
}
