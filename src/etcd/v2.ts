/**
 * etcd's v2 keys API over one connection, for clients that still use it: flannel before 0.18, and curl in the original
 * scripts.
 */
import { Client } from 'undici'
import { QuorateError } from '../errors.ts'
import { DEFAULT_TIMEOUT_MS, type MemberOptions } from './client.ts'
import { memberOrigin, openSocket } from './endpoint.ts'
import { oneLine } from '../spec/visible.ts'
import { memberError } from './failure.ts'

export interface V2Entry {
  /** `/coreos.com/network/config`. */
  readonly key: string
  readonly value: string
  readonly modifiedIndex: number
}

/** `EcodeKeyNotFound`. https://etcd.io/docs/v2.3/errorcode/ */
const KEY_NOT_FOUND = 100

export interface V2Client {
  readonly name: string
  /** undefined: the key doesn't exist. */
  get(key: string): Promise<V2Entry | undefined>
  /** The keys directly in a v2 directory; none if it doesn't exist. */
  list(folder: string): Promise<readonly V2Entry[]>
  /** Names of the keys and directories directly in a v2 directory, as paths; none if it doesn't exist. */
  names(folder: string): Promise<readonly string[]>
  /**
   * Writes a key, only if it has `previousIndex` now, or does not exist (`previousIndex: undefined`).
   *
   * @throws QuorateError `moved` if it changed in between.
   */
  put(key: string, value: string, previousIndex: number | undefined): Promise<V2Entry>
  close(): Promise<void>
}

/**
 * A v2 client for one member (etcd 3.3, or 3.4 and 3.5 with enable-v2). Every read of values goes through a quorum.
 * Calls throw QuorateError `etcd`, with a hint if the member doesn't serve v2 at all.
 */
export function connectMemberV2(options: MemberOptions): V2Client {
  const timeout = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const http = new Client(memberOrigin(options), {
    // A directory of flannel's leases, of about 300 bytes each.
    maxResponseSize: 16 * 1024 ** 2,
    connect: (_origin, connected) => {
      const socket = openSocket(options, 'http/1.1')
      socket.once('error', (error: Error) => connected(error, null))
      socket.once(options.tls ? 'secureConnect' : 'connect', () => connected(null, socket))
    },
  })

  async function request(method: 'GET' | 'PUT', key: string, query: Record<string, string>, value?: string) {
    const path = `/v2/keys/${key.split('/').filter(Boolean).map(encodeURIComponent).join('/')}`
    try {
      const response = await http.request({
        method,
        path,
        query,
        signal: AbortSignal.any([AbortSignal.timeout(timeout), ...(options.signal ? [options.signal] : [])]),
        ...(value === undefined
          ? {}
          : {
              body: new URLSearchParams({ value }).toString(),
              headers: { 'content-type': 'application/x-www-form-urlencoded' },
            }),
      })
      return { status: response.statusCode, text: await response.body.text() }
    } catch (thrown) {
      if (options.signal?.aborted === true) {
        throw new QuorateError('cancelled', 'canceled while waiting for etcd', {
          host: options.name,
          cause: thrown,
        })
      }
      throw memberError(thrown, { ...options, timeoutMs: timeout, socketError: undefined })
    }
  }

  return {
    name: options.name,
    async get(key) {
      const answer = parseAnswer(options.name, await request('GET', key, { quorum: 'true' }))
      return answer.node === undefined ? undefined : entry(answer.node)
    },
    async list(folder) {
      const answer = parseAnswer(options.name, await request('GET', folder, { quorum: 'true' }))
      return (answer.node?.nodes ?? []).filter((node) => node.value !== undefined).map(entry)
    },
    async names(folder) {
      // A quorum read would add an entry to the members' WAL, with which 3.6 doesn't start.
      const answer = parseAnswer(options.name, await request('GET', folder, {}))
      return (answer.node?.nodes ?? []).map(({ key }) => key)
    },
    async put(key, value, previousIndex) {
      const condition =
        previousIndex === undefined ? { prevExist: 'false' } : { prevIndex: String(previousIndex) }
      const { node } = parseAnswer(options.name, await request('PUT', key, condition, value))
      if (node === undefined)
        throw new QuorateError('etcd', `etcd wrote ${key} without saying so`, { host: options.name })
      return entry(node)
    },
    close: () => http.close(),
  }
}

interface V2Node {
  readonly key: string
  readonly value?: string
  readonly modifiedIndex?: number
  readonly nodes?: readonly V2Node[]
}

interface V2Answer {
  readonly node?: V2Node
  readonly errorCode?: number
  readonly message?: string
  readonly cause?: string
}

/** `EcodeTestFailed` and `EcodeNodeExist`: the expected state has changed. */
const CHANGED: ReadonlySet<number> = new Set([101, 105])

function parseAnswer(
  host: string,
  { status, text }: { readonly status: number; readonly text: string },
): V2Answer {
  const answer = parseJson(text)
  if (answer === undefined) {
    throw new QuorateError('etcd', `etcd does not serve the v2 API (HTTP ${status})`, {
      id: 'no-v2-api',
      host,
      hint: 'set `etcd.enableV2: true` in the cluster file (etcd 3.3 to 3.5)',
    })
  }
  if (answer.errorCode === undefined || answer.errorCode === KEY_NOT_FOUND) return answer
  const said = oneLine([answer.message, answer.cause].filter(Boolean).join(': '), 500)
  if (CHANGED.has(answer.errorCode)) {
    throw new QuorateError('moved', `the key changed during the write: ${said}`, {
      host,
      hint: 'rerun the command',
    })
  }
  throw new QuorateError('etcd', `etcd's v2 API answered: ${said}`, { host })
}

/** undefined: not an answer of the v2 API. */
function parseJson(text: string): V2Answer | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    return 'node' in value || 'errorCode' in value ? (value as V2Answer) : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

function entry(node: V2Node): V2Entry {
  return { key: node.key, value: node.value ?? '', modifiedIndex: node.modifiedIndex ?? 0 }
}
