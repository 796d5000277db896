/** A client for exactly one etcd member: one HTTP/2 connection, a deadline for each call, errors in an operator's words. */
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { TLSSocket } from 'node:tls'
import { QuorateError } from '../errors.ts'
import { memberOrigin, openSocket, type MemberEndpoint } from './endpoint.ts'
import { memberError } from './failure.ts'
import { type ServedCertificate, shownTo } from './served-certificate.ts'
import type { NameMembers } from './listed-member.ts'
import { MemberSessions, WINDOW_BYTES } from './sessions.ts'

/**
 * The longest answer that is read, in bytes. Pages of an export have 16 MiB at most, and one key has 1.5 MiB, unless
 * etcd is configured to allow more.
 */
const ANSWER_BYTES = 128 * 1024 ** 2

/** Default time limit of a call: etcd itself ends a request without quorum after 7 s. */
export const DEFAULT_TIMEOUT_MS = 8_000

export interface MemberOptions extends MemberEndpoint {
  /** Deadline of every call, in ms. */
  readonly timeoutMs?: number | undefined
  /** Ends every running call, with the code `cancelled`. */
  readonly signal?: AbortSignal | undefined
  readonly named?: NameMembers | undefined
}

export interface CallOptions {
  /** Deadline of this call, in ms. For a stream: of the whole stream; 0: none. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface MemberClient {
  /** The node's name in the cluster file. */
  readonly name: string
  /** Gives the cluster's members, as etcd lists them, the names of their nodes; undefined: keeps etcd's own names. */
  readonly named?: NameMembers | undefined
  /** For a second connection to the same member, from another thread; undefined: only this client can connect. */
  readonly endpoint?: MemberEndpoint | undefined
  /**
   * The certificate that the member presented on the latest connection; undefined: there was none, it has no TLS, or it
   * was rejected.
   */
  certificate?(): ServedCertificate | undefined
  /**
   * Calls a method, e.g. `call(Maintenance.method.status, {})`.
   *
   * @throws QuorateError `etcd` if the member can't be reached, isn't the one expected, or answers with an error (see
   *   `failureKind`); `cancelled` after the signal.
   */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>
  /**
   * Like `call`, for a method that answers with a stream: a snapshot, a watch. If requests are a stream too, only this
   * one is sent, and their side stays open. The stream ends at etcd as soon as the caller stops reading. One without a
   * deadline ends with an error as soon as the member announces that it stops.
   */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O> | DescMethodBiDiStreaming<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncIterable<MessageShape<O>>
  /** Ends the connection and every running call; later calls are refused. May be called twice. */
  close(): void
  [Symbol.dispose](): void
}

/**
 * A client for one member. It connects on the first call, and reconnects after a lost connection. So to wait for a
 * member to start, repeat the call.
 */
export function connectMember(options: MemberOptions): MemberClient {
  const closing = new AbortController()
  let socketError: Error | undefined
  let shown: ServedCertificate | undefined
  const origin = memberOrigin(options)
  const sessionManager = new MemberSessions(origin, undefined, {
    settings: { initialWindowSize: WINDOW_BYTES },
    createConnection: () => {
      socketError = undefined
      shown = undefined
      const socket = openSocket(options, 'h2').on('error', (error: Error) => {
        socketError = error
      })
      if (socket instanceof TLSSocket) {
        socket.once('secureConnect', () => {
          shown = shownTo(socket)
        })
      }
      return socket
    },
  })
  // A member that stops waits for its streams to end (etcd 7 s on each port): endless ones are closed when it sends
  // GOAWAY.
  const endless = new Set<AbortController>()
  sessionManager.onGoodbye = () => endless.forEach((stream) => stream.abort())
  const transport = createGrpcTransport({
    baseUrl: origin,
    sessionManager,
    acceptCompression: [],
    readMaxBytes: ANSWER_BYTES,
  })
  const deadline = options.timeoutMs ?? DEFAULT_TIMEOUT_MS

  function signalFor(call: CallOptions): AbortSignal {
    const signals = [closing.signal, options.signal, call.signal]
    return AbortSignal.any(signals.filter((signal) => signal !== undefined))
  }
  function failed(thrown: unknown, signal: AbortSignal, timeoutMs: number): QuorateError {
    if (closing.signal.aborted) {
      return new QuorateError('etcd', 'the connection to etcd is already closed', { host: options.name })
    }
    if (signal.aborted) {
      return new QuorateError('cancelled', 'canceled while waiting for etcd', {
        host: options.name,
        cause: thrown,
      })
    }
    // If the member refuses a client certificate, that arrives after the handshake (TLS 1.3), as the socket's error and
    // not as the call's.
    return memberError(thrown, { ...options, timeoutMs, socketError })
  }

  return {
    name: options.name,
    named: options.named,
    endpoint: { name: options.name, target: options.target, identity: options.identity, tls: options.tls },
    certificate: () => shown,
    async call(method, request, call = {}) {
      const signal = signalFor(call)
      const timeoutMs = call.timeoutMs ?? deadline
      try {
        const response = await transport.unary(method, signal, timeoutMs, undefined, request)
        return response.message
      } catch (thrown) {
        throw failed(thrown, signal, timeoutMs)
      }
    },
    async *stream(method, request, call = {}) {
      const signal = signalFor(call)
      const timeoutMs = call.timeoutMs ?? deadline
      const reading = new AbortController()
      if (timeoutMs === 0) endless.add(reading)
      const ended = AbortSignal.any([signal, reading.signal])
      const requests = method.methodKind === 'bidi_streaming' ? keptOpen(request, ended) : once(request)
      try {
        const limit = timeoutMs === 0 ? undefined : timeoutMs
        const response = await transport.stream(method, ended, limit, undefined, requests)
        yield* response.message
      } catch (thrown) {
        throw failed(thrown, signal, timeoutMs)
      } finally {
        endless.delete(reading)
        reading.abort()
      }
    },
    close() {
      closing.abort()
      sessionManager.abort()
    },
    [Symbol.dispose]() {
      this.close()
    },
  }
}

async function* once<T>(value: T): AsyncIterable<T> {
  yield value
}

async function* keptOpen<T>(value: T, ended: AbortSignal): AsyncIterable<T> {
  yield value
  await new Promise<void>((resolve) => {
    if (ended.aborted) resolve()
    ended.addEventListener('abort', () => resolve(), { once: true })
  })
}
