/** The versions of a member and of its cluster, over plain HTTP: gRPC doesn't report the latter before 3.6. */
import { Client } from 'undici'
import { QuorateError } from '../errors.ts'
import { DEFAULT_TIMEOUT_MS, type MemberOptions } from './client.ts'
import { memberOrigin, openSocket } from './endpoint.ts'
import { oneLine } from '../spec/visible.ts'
import { memberError } from './failure.ts'

export interface ServedVersion {
  /** The running program's, `3.5.16`. */
  readonly server: string
  /** The lowest minor among the members when it was last raised, `3.5`; undefined: not decided yet. */
  readonly cluster: string | undefined
}

/** @throws QuorateError `etcd` if the member doesn't answer; `cancelled` after the signal. */
export async function readServedVersion(options: MemberOptions): Promise<ServedVersion> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const http = new Client(memberOrigin(options), {
    // `{"etcdserver":"3.5.16","etcdcluster":"3.5.0"}`
    maxResponseSize: 64 * 1024,
    connect: (_origin, connected) => {
      const socket = openSocket(options, 'http/1.1')
      socket.once('error', (error: Error) => connected(error, null))
      socket.once(options.tls ? 'secureConnect' : 'connect', () => connected(null, socket))
    },
  })
  try {
    const signals = [AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])]
    const response = await http.request({ method: 'GET', path: '/version', signal: AbortSignal.any(signals) })
    return parseVersion(await response.body.text())
  } catch (thrown) {
    if (options.signal?.aborted === true) {
      throw new QuorateError('cancelled', 'canceled while waiting for etcd', {
        host: options.name,
        cause: thrown,
      })
    }
    throw memberError(thrown, { ...options, timeoutMs, socketError: undefined })
  } finally {
    await http.destroy()
  }
}

/** `{"etcdserver":"3.5.16","etcdcluster":"3.5.0"}`; before the first election `etcdcluster` is `not_decided`. */
export function parseVersion(text: string): ServedVersion {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('etcdserver' in value)) {
    throw new SyntaxError(`not an answer from etcd: ${oneLine(text, 80)}`)
  }
  const { etcdserver, etcdcluster } = value as Record<string, unknown>
  return { server: oneLine(String(etcdserver), 100), cluster: /^(\d+\.\d+)\./.exec(String(etcdcluster))?.[1] }
}
