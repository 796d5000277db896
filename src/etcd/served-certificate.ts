/** The certificate that a member shows to whoever connects: what counts, whatever lies on its disk. */
import tls from 'node:tls'
import { type MemberEndpoint, tlsOptions } from './endpoint.ts'

export interface ServedCertificate {
  readonly notAfter: Date
  /** PEM. */
  readonly pem: string
}

/**
 * Looks at the certificate without trusting it, so that an expired or foreign one is seen too; nothing is sent.
 * Undefined where nobody answers in time, or not with TLS. `alpn`: the protocol asked for, `http/1.1` on a peer port.
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
  try {
    return await new Promise((resolve) => {
      socket.once('secureConnect', () => {
        const certificate = socket.getPeerX509Certificate()
        resolve(certificate && { notAfter: new Date(certificate.validTo), pem: certificate.toString() })
      })
      for (const end of ['error', 'timeout', 'close'] as const) socket.once(end, () => resolve(undefined))
    })
  } finally {
    socket.on('error', () => undefined)
    socket.destroy()
  }
}
