/** A member's HTTP/2 connections, one after the other. */
import type { ClientHttp2Stream, ClientSessionRequestOptions, OutgoingHttpHeaders } from 'node:http2'
import { Http2SessionManager } from '@connectrpc/connect-node'

/**
 * As the library's, but safe to use at any moment. When a member says goodbye (GOAWAY, as etcd does when it stops) the
 * library destroys the connection with an error, and whoever calls before it has closed makes it take its listener off:
 * the error that follows would end the process.
 */
export class MemberSessions extends Http2SessionManager {
  override async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Omit<ClientSessionRequestOptions, 'signal'>,
  ): Promise<ClientHttp2Stream> {
    const stream = await super.request(method, path, headers, options)
    const { session } = stream
    if (session !== undefined && session.listenerCount('error', told) === 0) session.on('error', told)
    return stream
  }
}

/** Whoever waits for an answer is told by its own stream; nobody else wants to know. */
function told(): void {
  // Nothing is left to do.
}
