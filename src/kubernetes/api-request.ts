/** Requests to one API server, each with a deadline and a bound on what is read of its answer. Nothing it says is believed unread. */
import { Pool } from 'undici'
import type * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { type MemberTls, describeTarget, memberOrigin, openSocket } from '../etcd/endpoint.ts'
import { oneLine } from '../spec/visible.ts'
import { apiError, refusal } from './api-failure.ts'

/** How long a request may take unless told, in ms. */
const TIMEOUT_MS = 10_000

/** Of one answer, in bytes: the API itself allows objects of some 1.5 MiB, and pages of a list are asked for. */
const ANSWER_BYTES = 16 * 1024 ** 2

/** A TLS handshake each; what is asked at once shares them. */
const CONNECTIONS = 4

export interface ApiEndpoint {
  /** The node's name in the cluster file, or what else answers there; for messages. */
  readonly name: string
  /** A unix socket (the near end of an SSH forward), or an address to dial from here. */
  readonly target: { readonly socketPath: string } | { readonly address: string; readonly port: number }
  /** The IP address (without brackets) or DNS name that the served certificate must carry, whatever was dialled. */
  readonly identity: string
  /** PEM: the Kubernetes CA, and the client's certificate with its key. */
  readonly tls: MemberTls
}

export interface ApiOptions extends ApiEndpoint {
  /** Deadline of every request, in ms. */
  readonly timeoutMs?: number | undefined
  /** Ends every request that is under way, with the code `cancelled`. */
  readonly signal?: AbortSignal | undefined
}

export interface RequestOptions {
  /** Deadline of this request, in ms. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Request extends RequestOptions {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly body?: unknown
  /** Of the body; JSON unless told. */
  readonly type?: string | undefined
  /** For messages: `get Node worker01`. */
  readonly what: string
}

export interface ApiConnection {
  /** What an answer of any status says. */
  send(request: Request): Promise<{ readonly status: number; readonly text: string }>
  /** The answer, which has to be a yes. */
  text(request: Request): Promise<string>
  /** The same, which has to be JSON that fits. */
  json<T>(request: Request, schema: z.ZodType<T>): Promise<T>
  /** The error that a request ends with for what was thrown. */
  failed(thrown: unknown, request: Request): QuorateError
  close(): Promise<void>
}

/** Opens nothing before the first request, and opens anew after a lost connection. */
export function openApi(options: ApiOptions): ApiConnection {
  const closing = new AbortController()
  const where = describeTarget(options)
  const pool = new Pool(memberOrigin(options), {
    connections: CONNECTIONS,
    maxResponseSize: ANSWER_BYTES,
    // Each request has a deadline of its own, from its beginning to the end of its answer.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_origin, connected) => {
      const socket = openSocket(options, 'http/1.1')
      socket.once('error', (error: Error) => connected(error, null))
      socket.once('secureConnect', () => connected(null, socket))
    },
  })
  const limitOf = (request: Request): number => request.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS
  const failed = (thrown: unknown, request: Request): QuorateError =>
    apiError(thrown, { name: options.name, where, what: request.what, timeoutMs: limitOf(request) })

  async function send(request: Request): Promise<{ readonly status: number; readonly text: string }> {
    const ending = [closing.signal, options.signal, request.signal].filter((one) => one !== undefined)
    const signal = AbortSignal.any([...ending, AbortSignal.timeout(limitOf(request))])
    const { method, path, query = {}, body, type = 'application/json' } = request
    const sent = body === undefined ? {} : { 'content-type': type }
    try {
      const response = await pool.request({
        method,
        path,
        query,
        signal,
        headers: { accept: 'application/json', 'user-agent': 'quorate', ...sent },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return { status: response.statusCode, text: await response.body.text() }
    } catch (thrown) {
      if (!ending.some(({ aborted }) => aborted)) throw failed(thrown, request)
      const message = `canceled while waiting for the API server on ${where}`
      throw new QuorateError('cancelled', message, { host: options.name, cause: thrown })
    }
  }

  async function text(request: Request): Promise<string> {
    const answer = await send(request)
    if (answer.status >= 200 && answer.status < 300) return answer.text
    throw failed(refusal(answer.status, answer.text), request)
  }

  return {
    send,
    text,
    failed,
    json: async (request, schema) => {
      const answer = await text(request)
      try {
        return fitting(JSON.parse(answer), schema)
      } catch (thrown) {
        // The parser's own message quotes the answer.
        throw failed(
          thrown instanceof SyntaxError ? new SyntaxError('its answer is not JSON') : thrown,
          request,
        )
      }
    },
    close: async () => {
      closing.abort()
      await pool.destroy()
    },
  }
}

/** @throws TypeError that says what does not fit, and where. */
export function fitting<T>(value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.') ?? ''
  throw new TypeError(
    `its answer is not what such an answer looks like: ${oneLine(`${place}: ${issue?.message}`, 300)}`,
  )
}
