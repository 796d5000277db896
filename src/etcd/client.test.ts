import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as soon } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { connectMember } from './client.ts'
import { type FailureKind, failureKind } from './failure.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { Watch } from './gen/watch_pb.ts'
import { MemberSessions } from './sessions.ts'

/** An empty message, as gRPC frames it: not compressed, no bytes. */
const EMPTY = Buffer.alloc(5)

/** Answers every call with an empty message. */
async function emptyServer(onSession: (session: http2.ServerHttp2Session) => void): Promise<number> {
  const server = http2.createServer()
  server.on('session', onSession)
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(EMPTY)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('a member that closes the connection is dialed again, and the fate of the old connection ends nothing', async () => {
  const sessions = new Set<http2.ServerHttp2Session>()
  const port = await emptyServer((session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  using client = connectMember({
    name: 'm1',
    target: { address: '127.0.0.1', port },
    identity: '127.0.0.1',
    tls: undefined,
  })
  const call = async () => await client.call(Maintenance.method.status, {})
  await call()
  const failures = new Set<FailureKind>()
  // One turn of the event loop lies between GOAWAY and the end of the connection: this finds out which.
  for (let round = 0; round < 60; round++) {
    // Like etcd when it stops.
    for (const session of sessions) session.goaway(http2.constants.NGHTTP2_NO_ERROR)
    for (let turn = 0; turn < round % 12; turn++) await soon()
    // A call in between may be refused, but only with its own error.
    await call().catch((error: unknown) => failures.add(failureKind(error)))
  }
  expect([...failures].filter((kind) => kind !== 'closed')).toEqual([])
  await call()
})

test('an answer that arrives before it is read is read completely', async () => {
  const origin = `http://127.0.0.1:${await emptyServer(() => undefined)}`
  const sessions = new MemberSessions(origin)
  onTestFinished(() => sessions.abort())
  for (let turns = 0; turns < 8; turns++) {
    const stream = await sessions.request('POST', '/', {}, {})
    stream.end()
    await once(stream, 'response')
    const pieces = stream[Symbol.asyncIterator]()
    for (let turn = 0; turn < turns; turn++) await soon()
    expect(await pieces.next()).toEqual({ done: false, value: EMPTY })
    expect(await pieces.next()).toMatchObject({ done: true })
  }
})

test('a watch ends when its member says that it stops, though the connection stays open', async () => {
  const server = http2.createServer()
  onTestFinished(() => void server.close())
  const sessions: http2.ServerHttp2Session[] = []
  // The client's end of the connection is an error on the server.
  server.on('session', (session) => void sessions.push(session.on('error', () => undefined)))
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' })
    stream.write(EMPTY)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  using client = connectMember({
    name: 'm1',
    target: { address: '127.0.0.1', port: (server.address() as AddressInfo).port },
    identity: '127.0.0.1',
    tls: undefined,
  })
  const watch = client.stream(Watch.method.watch, {}, { timeoutMs: 0 })[Symbol.asyncIterator]()
  await watch.next()
  for (const session of sessions) session.goaway(http2.constants.NGHTTP2_NO_ERROR)
  const error = await watch.next().catch((thrown: unknown) => thrown)
  expect(failureKind(error)).toBe('closed')
})
