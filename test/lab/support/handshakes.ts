/** Continuous TLS handshakes, to detect whether one of them ever fails. */
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'

export interface HandshakeCount {
  /** Each failure once. */
  readonly failures: readonly string[]
  /** The serial numbers that were served, in order. */
  readonly serials: readonly string[]
  readonly count: number
}

export interface HandshakeTarget {
  readonly host: string
  readonly port: number
  /** PEM texts. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** One handshake after the other until the work is done; verifies the chain, but neither names nor dates. */
export async function handshakesDuring(
  target: HandshakeTarget,
  work: () => Promise<unknown>,
): Promise<HandshakeCount> {
  const failures = new Set<string>()
  const serials = new Set<string>()
  let count = 0
  const ended = new AbortController()
  const worked = work().finally(() => ended.abort())
  do {
    try {
      serials.add(await handshake(target))
    } catch (error) {
      failures.add(String(error))
    }
    count += 1
    // Leaves the machine's cores to the tested work.
    await sleep(2)
  } while (!ended.signal.aborted)
  await worked
  return { failures: [...failures], serials: [...serials], count }
}

const checkServerIdentity = () => undefined

async function handshake({ host, port, ca, cert, key }: HandshakeTarget): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, ca, cert, key, rejectUnauthorized: false, checkServerIdentity })
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer within 5 s')))
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      // Node's types claim that it is an Error; it is its code.
      const trouble = socket.authorizationError as unknown as string | null
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      if (trouble === null || trouble === 'CERT_HAS_EXPIRED') resolve(serialNumber)
      else reject(new Error(trouble))
    })
  })
}
