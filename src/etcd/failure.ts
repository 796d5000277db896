/** Why a call to a member failed, determined by codes (never by wording) and expressed in an operator's words. */
import { Code, ConnectError } from '@connectrpc/connect'
import { QuorateError } from '../errors.ts'
import { oneLine } from '../spec/visible.ts'
import { describeTarget, type MemberEndpoint } from './endpoint.ts'

export type FailureKind =
  | 'refused' //            nothing listens on that port
  | 'unreachable' //        no route, no such name, no such socket
  | 'closed' //             the connection ended before an answer
  | 'not-grpc' //           something answered, but not gRPC
  | 'deadline' //           no answer in time
  | 'not-tls' //            something answered, but not TLS
  | 'expired' //            the member's certificate is out of date
  | 'not-yet-valid' //      the member's certificate is not valid yet
  | 'unknown-authority' //  the member's certificate is not from the cluster's CA
  | 'wrong-identity' //     the member's certificate has other addresses and names
  | 'bad-certificate' //    the member's certificate is wrong in another way
  | 'rejected' //           the member rejects the client certificate
  | 'unauthenticated' //    etcd's RBAC requires a login
  | 'denied' //             etcd's RBAC forbids it
  | 'unavailable' //        etcd answered: no leader, no quorum, overloaded, or still starting
  | 'exhausted' //          etcd's space quota or request limits
  | 'out-of-range' //       a revision that is compacted, or in the future
  | 'unsupported' //        this version of etcd doesn't know the method
  | 'answered' //           etcd answered with some other error

interface Explanation {
  readonly message: string
  readonly hint: string
}

/** Node's and OpenSSL's error codes. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const SOCKET_FAILURES: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  ENOENT: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'deadline',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  CERT_SIGNATURE_FAILURE: 'unknown-authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-identity',
  CERT_REVOKED: 'bad-certificate',
  CERT_UNTRUSTED: 'bad-certificate',
  CERT_REJECTED: 'bad-certificate',
  CERT_CHAIN_TOO_LONG: 'bad-certificate',
  INVALID_CA: 'bad-certificate',
  INVALID_PURPOSE: 'bad-certificate',
  PATH_LENGTH_EXCEEDED: 'bad-certificate',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  ERR_SSL_UNEXPECTED_EOF_WHILE_READING: 'closed',
  UND_ERR_SOCKET: 'closed',
  HPE_INVALID_CONSTANT: 'not-grpc',
  // Refused or reset, together with its connection.
  ERR_HTTP2_STREAM_ERROR: 'closed',
  ERR_HTTP2_ERROR: 'not-grpc',
  ERR_HTTP2_SESSION_ERROR: 'not-grpc',
}

/**
 * TLS alerts with which a server rejects a client's certificate (RFC 8446, 6.2); Node reports them as
 * `ERR_SSL_…_ALERT_X`.
 */
const REFUSING_ALERTS: ReadonlySet<string> = new Set([
  'BAD_CERTIFICATE',
  'UNSUPPORTED_CERTIFICATE',
  'CERTIFICATE_REVOKED',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_UNKNOWN',
  'CERTIFICATE_REQUIRED',
  'UNKNOWN_CA',
  'ACCESS_DENIED',
])

/** gRPC status codes. https://grpc.io/docs/guides/status-codes/ */
const ANSWERS: Partial<Record<Code, FailureKind>> = {
  // Not canceled by quorate: HTTP/2 reports this for streams whose connection broke, and etcd when it stops.
  [Code.Canceled]: 'closed',
  [Code.Aborted]: 'closed',
  [Code.DeadlineExceeded]: 'deadline',
  [Code.Unauthenticated]: 'unauthenticated',
  [Code.PermissionDenied]: 'denied',
  [Code.Unavailable]: 'unavailable',
  [Code.ResourceExhausted]: 'exhausted',
  [Code.OutOfRange]: 'out-of-range',
  [Code.Unimplemented]: 'unsupported',
}

/** The kind of failure of a thrown error: a QuorateError of `MemberClient.call`, or its cause. */
export function failureKind(thrown: unknown): FailureKind {
  const chain = causes(thrown)
  for (const code of chain.map(errorCode)) {
    const kind = code === undefined ? undefined : socketFailure(code)
    if (kind !== undefined) return kind
  }
  // AbortSignal.timeout() fired.
  if (chain.some((error) => error.name === 'TimeoutError')) return 'deadline'
  const connectError = chain.find((error) => error instanceof ConnectError)
  return (connectError && ANSWERS[connectError.code]) ?? 'answered'
}

/** Whether etcd answered that the named thing doesn't exist: a lease, a member. */
export function isNotFound(thrown: unknown): boolean {
  return hasCode(thrown, Code.NotFound)
}

/** Whether etcd answered that the current state doesn't allow it: a downgrade is already enabled. */
export function isFailedPrecondition(thrown: unknown): boolean {
  return hasCode(thrown, Code.FailedPrecondition)
}

/** Whether etcd answered that the requested value is invalid: a version that a downgrade can't lead to. */
export function isInvalidArgument(thrown: unknown): boolean {
  return hasCode(thrown, Code.InvalidArgument)
}

function hasCode(thrown: unknown, code: Code): boolean {
  return causes(thrown).some((error) => error instanceof ConnectError && error.code === code)
}

/** Not an answer of etcd's: the socket's error may be more precise. */
const CONNECTION_LOST: ReadonlySet<FailureKind> = new Set(['closed', 'not-grpc'])

interface CallContext extends MemberEndpoint {
  readonly timeoutMs: number
  /** The last error of the underlying socket, if it had one. */
  readonly socketError: Error | undefined
}

/** Turns anything that a call threw into a QuorateError, with a fix for the operator. */
export function memberError(thrown: unknown, context: CallContext): QuorateError {
  const cause =
    context.socketError !== undefined && CONNECTION_LOST.has(failureKind(thrown))
      ? context.socketError
      : thrown
  const { message, hint } = explain(failureKind(cause), cause, context)
  return new QuorateError('etcd', message, { host: context.name, hint, cause })
}

function explain(kind: FailureKind, cause: unknown, context: CallContext): Explanation {
  const where = describeTarget(context)
  const said = reason(cause)
  const timeouts = `${context.timeoutMs / 1000} s`
  const renew = 'renew the certificate: quorate apply'
  const explanations: Record<FailureKind, Explanation> = {
    refused: {
      message: `nothing listens on ${where}`,
      hint: 'find out why etcd is not running: systemctl status etcd; journalctl -u etcd',
    },
    unreachable: {
      message: `${where} can't be reached: ${said}`,
      hint: 'check the address and the route to it',
    },
    closed: {
      message: `the connection to etcd on ${where} was closed before an answer`,
      hint: 'check whether etcd is stopped or stopping on that node: systemctl status etcd; journalctl -u etcd',
    },
    deadline: {
      message: `etcd on ${where} gave no answer within ${timeouts}`,
      hint: 'check how many members run: without a quorum etcd answers no read',
    },
    'not-grpc': {
      message: `the process on ${where} does not answer like etcd: ${said}`,
      hint: 'check whether another program uses the port, or etcd serves TLS on it',
    },
    'not-tls': {
      message: `the process on ${where} does not use TLS`,
      hint: 'check whether it is etcd, and whether this etcd serves clients without TLS',
    },
    expired: {
      message: `etcd's certificate on ${where} has expired`,
      hint: 'check the clocks, then renew the certificates: quorate certs renew',
    },
    'not-yet-valid': {
      message: `etcd's certificate on ${where} is not valid yet`,
      hint: 'check the clocks of this workstation and of the host that signed the certificate',
    },
    'unknown-authority': {
      message: `etcd's certificate on ${where} is not from this cluster's CA`,
      hint: "compare /etc/ssl/etcd/ca.crt on that node with the CA in quorate's state directory: it is another cluster, or the CA was changed",
    },
    'wrong-identity': {
      message: `etcd's certificate on ${where} does not name ${context.identity}: ${said}`,
      hint: `check the address (another machine may have answered), or ${renew}`,
    },
    'bad-certificate': { message: `etcd's certificate on ${where} is invalid: ${said}`, hint: renew },
    rejected: {
      message: `etcd on ${where} rejects quorate's certificate: ${said}`,
      hint: "check that the certificate has not expired, has clientAuth and is from the CA in etcd's trusted-ca-file",
    },
    unauthenticated: {
      message: `etcd on ${where} requires authentication: ${said}`,
      hint: "create an etcd user with the common name of quorate's certificate (RBAC is enabled)",
    },
    denied: {
      message: `etcd on ${where} denies permission: ${said}`,
      hint: "grant the role root to the etcd user with the common name of quorate's certificate (RBAC is enabled)",
    },
    unavailable: {
      message: `etcd on ${where} is unavailable: ${said}`,
      hint: 'check how many members run: without a quorum and a leader etcd answers no request',
    },
    exhausted: {
      message: `etcd on ${where} has reached a limit: ${said}`,
      hint: 'check its alarms and its database size',
    },
    'out-of-range': {
      message: `etcd on ${where} does not have this revision: ${said}`,
      hint: 'use another revision: this one is compacted, or does not exist yet',
    },
    unsupported: {
      message: `etcd on ${where} does not support this request: ${said}`,
      hint: 'check the version of etcd, which is too old for this request',
    },
    answered: {
      message: `etcd on ${where} answered: ${said}`,
      hint: 'read the journal on that node: journalctl -u etcd',
    },
  }
  return explanations[kind]
}

function socketFailure(code: string): FailureKind | undefined {
  return refusingAlert(code) === undefined ? SOCKET_FAILURES[code] : 'rejected'
}

function refusingAlert(code: string): string | undefined {
  const alert = /^ERR_SSL_.+_ALERT_(?<name>.+)$/.exec(code)?.groups?.['name']
  return alert !== undefined && REFUSING_ALERTS.has(alert) ? alert : undefined
}

function reason(thrown: unknown): string {
  const deepest = causes(thrown).at(-1)
  const alert = deepest && refusingAlert(errorCode(deepest) ?? '')
  if (alert !== undefined) return alert.toLowerCase().replaceAll('_', ' ')
  return oneLine(
    deepest instanceof ConnectError ? deepest.rawMessage : (deepest?.message ?? String(thrown)),
    1_000,
  )
}

function errorCode(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** An error and what caused it, outermost first. */
function causes(thrown: unknown): Error[] {
  const chain: Error[] = []
  for (let error = thrown; error instanceof Error && !chain.includes(error); error = error.cause)
    chain.push(error)
  return chain
}
