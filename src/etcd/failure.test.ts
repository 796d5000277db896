import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { failureKind, memberError } from './failure.ts'

const context = {
  name: 'etcd02',
  target: { socketPath: '/run/forward.sock' },
  identity: '192.168.0.2',
  tls: undefined,
  timeoutMs: 5000,
  socketError: undefined,
}

function socketError(code: string, message = 'words that may change'): Error {
  return Object.assign(new Error(message), { code })
}

function overTheWire(cause: Error): ConnectError {
  const error = new ConnectError('whatever', Code.Internal)
  error.cause = cause
  return error
}

test.each([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'closed'],
  ['CERT_HAS_EXPIRED', 'expired'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unknown-authority'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'wrong-identity'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'rejected'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'rejected'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'rejected'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not-tls'],
] as const)('%s is told as %s', (code, kind) => {
  expect(failureKind(memberError(overTheWire(socketError(code)), context))).toBe(kind)
})

test.each([
  [Code.DeadlineExceeded, 'deadline', / within 5 s/],
  [Code.Unavailable, 'unavailable', /etcdserver: no leader/],
  [Code.Unauthenticated, 'unauthenticated', /requires authentication/],
  [Code.ResourceExhausted, 'exhausted', / limit: etcdserver: no leader/],
  [Code.Canceled, 'closed', / closed before /],
] as const)('gRPC code %s is told as %s', (code, kind, words) => {
  const error = memberError(new ConnectError('etcdserver: no leader', code), context)
  expect(failureKind(error)).toBe(kind)
  expect(error.message).toMatch(words)
  expect(error).toMatchObject({ code: 'etcd', host: 'etcd02' })
})

test('a refusal that only the socket saw is reported, too', () => {
  const refused = socketError('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')
  const error = memberError(new ConnectError('stream closed', Code.Canceled), {
    ...context,
    socketError: refused,
  })
  expect(error.message).toContain("rejects quorate's certificate: certificate required")
})

test('an answer of etcd is not blamed on a socket that failed since', () => {
  const answer = new ConnectError('etcdserver: member not found', Code.NotFound)
  const error = memberError(answer, { ...context, socketError: socketError('ECONNRESET') })
  expect(error.message).toContain('member not found')
})
