/** A member's HTTP/2 connections, one at a time. */
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  OutgoingHttpHeaders,
} from 'node:http2'
import { Http2SessionManager } from '@connectrpc/connect-node'

/**
 * How much a member may send before it is read, in bytes. With HTTP/2's default of 64 KiB, the stream of a snapshot
 * would constantly wait for the reader.
 */
export const WINDOW_BYTES = 4 * 1024 ** 2

/**
 * Like the library's, but safe to use at any moment. When a member sends GOAWAY, as etcd does when it stops, the
 * library destroys the connection with an error. A call before the connection has closed would make it remove its
 * listener, and the error that follows would end the process.
 */
export class MemberSessions extends Http2SessionManager {
  /** Called when the member sends GOAWAY: it accepts no more calls, and waits for running ones to end. */
  onGoodbye: () => void = ignored
  readonly #known = new WeakSet<ClientHttp2Session>()

  override async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Omit<ClientSessionRequestOptions, 'signal'>,
  ): Promise<ClientHttp2Stream> {
    const stream = await super.request(method, path, headers, options)
    readFromTheStart(stream)
    const session = stream.session as ClientHttp2Session | undefined
    if (session !== undefined && !this.#known.has(session)) {
      this.#known.add(session)
      session.on('error', ignored)
      // A session that has ended reports why to its streams; using it would throw.
      if (!session.destroyed && !session.connecting) session.setLocalWindowSize(WINDOW_BYTES)
      // Some servers send it twice: by then, others may have been called already.
      session.once('goaway', () => this.onGoodbye())
    }
    return stream
  }
}

/**
 * Starts reading when the call starts, not only when the first piece is requested. From 24.20 and 26.3 on, Node.js
 * treats an answer that has arrived completely in between as interrupted ("Premature close").
 * https://github.com/nodejs/node/issues/65677
 */
function readFromTheStart(stream: ClientHttp2Stream): void {
  const pieces = stream[Symbol.asyncIterator]()
  const first = pieces.next()
  first.catch(ignored)
  pieces.next = () => {
    Reflect.deleteProperty(pieces, 'next')
    return first
  }
  stream[Symbol.asyncIterator] = () => pieces
}

/** Each call gets the error from its own stream; there is nothing else to notify. */
function ignored(): void {
  // Nothing else to do.
}
