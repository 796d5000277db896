/** Requests to one API server, each with a deadline and a size limit for the answer. Every answer is validated. */
import { Pool } from 'undici'
import type * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { type MemberTls, describeTarget, memberOrigin, openSocket } from '../etcd/endpoint.ts'
import { oneLine } from '../spec/visible.ts'
import { apiError, refusal } from './api-failure.ts'

/** Default deadline of a request, in ms. */
const TIMEOUT_MS = 10_000

/** Size limit of one answer, in bytes: the API itself allows objects of about 1.5 MiB, and lists are read in pages. */
const ANSWER_BYTES = 16 * 1024 ** 2

/** Each needs a TLS handshake; parallel requests share them. */
const CONNECTIONS = 4

export interface ApiEndpoint {
  /** The node's name in the cluster file, or what else answers at that address; for messages. */
  readonly name: string
  /** A unix socket (the local end of an SSH forward), or an address to connect to directly. */
  readonly target: { readonly socketPath: string } | { readonly address: string; readonly port: number }
  /** The IP address (without brackets) or DNS name that the server certificate must have, whatever address was used. */
  readonly identity: string
  /** PEM: the Kubernetes CA, and the client's certificate with its key. */
  readonly tls: MemberTls
}

export interface ApiOptions extends ApiEndpoint {
  /** Deadline of every request, in ms. */
  readonly timeoutMs?: number | undefined
  /** Aborts every running request, with the code `cancelled`. */
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
  /** Content type of the body; default: JSON. */
  readonly type?: string | undefined
  /** For messages: `get Node worker01`. */
  readonly what: string
}

export interface ApiConnection {
  /** Returns the answer, whatever its status. */
  send(request: Request): Promise<{ readonly status: number; readonly text: string }>
  /** Returns the text of a successful answer. */
  text(request: Request): Promise<string>
  /** The same for JSON that matches the schema. */
  json<T>(request: Request, schema: z.ZodType<T>): Promise<T>
  /** Converts what was thrown to the error of this request. */
  failed(thrown: unknown, request: Request): QuorateError
  close(): Promise<void>
}

/** Connects at the first request, and again after a lost connection. */
export function openApi(options: ApiOptions): ApiConnection {
  const closing = new AbortController()
  const where = describeTarget(options)
  const pool = new Pool(memberOrigin(options), {
    connections: CONNECTIONS,
    maxResponseSize: ANSWER_BYTES,
    // Each request has its own deadline, from its start to the end of its answer.
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

/** @throws TypeError naming the first mismatch and its path. */
export function fitting<T>(value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.') ?? ''
  throw new TypeError(
    `its answer is not what such an answer looks like: ${oneLine(`${place}: ${issue?.message}`, 300)}`,
  )
}
