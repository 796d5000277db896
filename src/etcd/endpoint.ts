/** Where one member is dialed, and how it must prove its identity. */
import net from 'node:net'
import tls from 'node:tls'
import { bracket } from './bracket.ts'

export interface MemberTls {
  /** PEM: the CAs that a member's certificate may come from. */
  readonly ca: string
  /** PEM: the operator's certificate, with its chain. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export interface MemberEndpoint {
  /** The node's name in the cluster file, for messages. */
  readonly name: string
  /** A unix socket (the local end of an SSH forward), or an address to dial from the workstation. */
  readonly target: { readonly socketPath: string } | { readonly address: string; readonly port: number }
  /** The IP address (without brackets) or DNS name that the served certificate must contain, whatever was dialed. */
  readonly identity: string
  /** undefined: no TLS, for `http://127.0.0.1:2379`. */
  readonly tls: MemberTls | undefined
}

/** The origin in requests. Only its scheme matters, because it doesn't decide where they are sent. */
export function memberOrigin(endpoint: MemberEndpoint): string {
  const port = 'port' in endpoint.target ? endpoint.target.port : 2379
  return `${endpoint.tls ? 'https' : 'http'}://${bracket(endpoint.identity)}:${port}`
}

/** Where the member was dialed, for messages. */
export function describeTarget({ target, identity }: Pick<MemberEndpoint, 'target' | 'identity'>): string {
  return 'port' in target ? `${bracket(target.address)}:${target.port}` : `${bracket(identity)} through SSH`
}

/** TLS settings that check the certificate against the endpoint's identity, not against what was dialed. */
export function tlsOptions(endpoint: MemberEndpoint, alpn: string): tls.ConnectionOptions {
  return {
    ...endpoint.tls,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [alpn],
    // Server name indication accepts no IP addresses (RFC 6066).
    ...(net.isIP(endpoint.identity) === 0 ? { servername: endpoint.identity } : {}),
    checkServerIdentity: (_dialled, certificate) => tls.checkServerIdentity(endpoint.identity, certificate),
  }
}

/** Dials the member for a protocol (`h2`, `http/1.1`); the socket reports its failures through `error`. */
export function openSocket(endpoint: MemberEndpoint, protocol: string): net.Socket {
  const { target } = endpoint
  const where = 'port' in target ? { host: target.address, port: target.port } : { path: target.socketPath }
  return endpoint.tls ? tls.connect({ ...where, ...tlsOptions(endpoint, protocol) }) : net.connect(where)
}
