/** The certificate that a member presents to clients: it counts, whatever file is on its disk. */
import tls from 'node:tls'
import { type MemberEndpoint, tlsOptions } from './endpoint.ts'

export interface ServedCertificate {
  readonly notAfter: Date
  /** PEM. */
  readonly pem: string
}

/** How long the other side may take to close its end, in ms. */
const GOODBYE_MS = 1_000

/**
 * Reads the certificate without trusting it, so that an expired or foreign one is seen too; sends nothing. Undefined if
 * there is no answer in time, or no TLS. `alpn`: the requested protocol, `http/1.1` on a peer port.
 *
 * Opens a separate connection. For a member that a client is connected to, `MemberClient.certificate` already has it.
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

/** What the other side of a TLS connection presented. @returns undefined if the handshake isn't complete */
export function shownTo(socket: tls.TLSSocket): ServedCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  return certificate && { notAfter: new Date(certificate.validTo), pem: certificate.toString() }
}

/**
 * Completes the handshake for the member, and then closes. In TLS 1.3, the client's last messages are still in transit
 * when it has seen the member's certificate. Without them, etcd would log a broken connection ("rejected connection",
 * "EOF").
 */
async function sayGoodbye(socket: tls.TLSSocket): Promise<void> {
  if (socket.destroyed) return
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const patience = setTimeout(() => socket.destroy(), GOODBYE_MS)
  // etcd sends first, and closing a connection with unread data would reset it.
  socket.resume().end()
  await closed
  clearTimeout(patience)
}
