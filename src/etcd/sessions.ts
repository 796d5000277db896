/** A member's HTTP/2 connections, one after the other. */
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  OutgoingHttpHeaders,
} from 'node:http2'
import { Http2SessionManager } from '@connectrpc/connect-node'

/**
 * How much a member may send ahead of what was read, in bytes: with the 64 KiB that HTTP/2 begins with, the stream of a
 * snapshot waits for its reader's nod all the time.
 */
export const WINDOW_BYTES = 4 * 1024 ** 2

/**
 * As the library's, but safe to use at any moment. When a member says goodbye (GOAWAY, as etcd does when it stops) the
 * library destroys the connection with an error, and whoever calls before it has closed makes it take its listener off:
 * the error that follows would end the process.
 */
export class MemberSessions extends Http2SessionManager {
  /** Told when the member says goodbye: it takes no more calls, and waits for those that are under way to end. */
  onGoodbye: () => void = told
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
      session.on('error', told)
      // One that has ended by now says why to its streams; to be asked it would throw.
      if (!session.destroyed && !session.connecting) session.setLocalWindowSize(WINDOW_BYTES)
      // Said twice, by some servers: by then others may have been called already.
      session.once('goaway', () => this.onGoodbye())
    }
    return stream
  }
}

/**
 * Begins to read when the call begins, and not only when somebody wants the first piece: from 24.20 and 26.3 on Node.js
 * takes an answer that has arrived whole in between for one that broke off ("Premature close").
 * https://github.com/nodejs/node/issues/65677
 */
function readFromTheStart(stream: ClientHttp2Stream): void {
  const pieces = stream[Symbol.asyncIterator]()
  const first = pieces.next()
  first.catch(told)
  pieces.next = () => {
    Reflect.deleteProperty(pieces, 'next')
    return first
  }
  stream[Symbol.asyncIterator] = () => pieces
}

/** Whoever waits for an answer is told by its own stream; nobody else wants to know. */
function told(): void {
  // Nothing is left to do.
}
