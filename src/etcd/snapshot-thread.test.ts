import { create, toBinary } from '@bufbuild/protobuf'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { QuorateError } from '../errors.ts'
import { type MemberClient, connectMember } from './client.ts'
import { failureKind } from './failure.ts'
import { SnapshotResponseSchema } from './gen/maintenance_pb.ts'
import type { SnapshotPiece, SnapshotSum } from './snapshot-stream.ts'
import { streamSnapshotAside } from './snapshot-thread.ts'

/** More than is in transit at once, and not a multiple of 1 MiB. */
const STORE = randomBytes(9 * 1024 ** 2 + 512)
const SUM = createHash('sha256').update(STORE).digest()

/** As etcd sends it. */
const WHOLE = [...cut(STORE), SUM]

function cut(data: Buffer): Buffer[] {
  const size = 32 * 1024
  return Array.from({ length: Math.ceil(data.length / size) }, (_, i) =>
    data.subarray(i * size, (i + 1) * size),
  )
}

type Ending = 'ok' | 'unavailable' | 'never'

/** A member that answers with these messages. `client.stream` is not to be used: the thread has its own connection. */
async function member(
  blobs: readonly Buffer[],
  ending: Ending,
): Promise<MemberClient & { gone: Promise<unknown> }> {
  const server = http2.createServer()
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  server.on('session', (session) => void session.on('error', () => undefined).on('close', resolve))
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.on('wantTrailers', () =>
      stream.sendTrailers(
        ending === 'ok' ? { 'grpc-status': '0' } : { 'grpc-status': '14', 'grpc-message': 'no leader' },
      ),
    )
    let left = blobs.reduce((sum, { length }) => sum + length, 0)
    for (const blob of blobs) {
      left -= blob.length
      const message = toBinary(
        SnapshotResponseSchema,
        create(SnapshotResponseSchema, { blob, remainingBytes: BigInt(left) }),
      )
      const frame = Buffer.alloc(5)
      frame.writeUInt32BE(message.length, 1)
      stream.write(Buffer.concat([frame, message]))
    }
    if (ending !== 'never') stream.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const target = { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const client = connectMember({ name: 'm1', target, identity: '127.0.0.1', tls: undefined })
  onTestFinished(() => client.close())
  return { ...client, gone }
}

function alone(client: MemberClient): MemberClient {
  return {
    ...client,
    stream: () => {
      throw new Error('read by this thread')
    },
  }
}

async function read(
  pieces: AsyncGenerator<SnapshotPiece, SnapshotSum>,
): Promise<{ readonly data: Buffer; readonly sum: SnapshotSum }> {
  const copies: Buffer[] = []
  for (;;) {
    const { done, value } = await pieces.next()
    if (done === true) return { data: Buffer.concat(copies), sum: value }
    copies.push(Buffer.from(value.data))
  }
}

const FILE_SHA256 = createHash('sha256').update(STORE).update(SUM).digest('hex')
const READ = {
  data: STORE,
  sum: { sizeBytes: STORE.length + 32, sha256: SUM.toString('hex'), fileSha256: FILE_SHA256 },
}
const DIES_FIRST = "throw new Error('no memory')"
const READY =
  "const { parentPort: port } = require('node:worker_threads'); port.postMessage({ kind: 'ready' })\n"

test('a thread reads it, whole and in order', async () => {
  const { data, sum } = await read(streamSnapshotAside(alone(await member(WHOLE, 'ok')), undefined))
  expect(data.subarray(0, STORE.length).equals(STORE)).toBe(true)
  expect(sum).toEqual(READ.sum)
})

test('without an endpoint, or where no thread can be had, this thread reads it', async () => {
  const client = await member(WHOLE, 'ok')
  for (const pieces of [
    streamSnapshotAside({ ...client, endpoint: undefined }, undefined),
    streamSnapshotAside(client, undefined, DIES_FIRST),
    streamSnapshotAside(client, undefined, new URL('file:///nowhere/thread.ts')),
  ]) {
    const { data, sum } = await read(pieces)
    expect(data.subarray(0, STORE.length).equals(STORE)).toBe(true)
    expect(sum).toEqual(READ.sum)
  }
})

test("the member's failure arrives with its code, its node and its hint", async () => {
  const client = alone(await member(WHOLE.slice(0, 40), 'unavailable'))
  const error = await read(streamSnapshotAside(client, undefined)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(QuorateError)
  expect(error).toFail('etcd', { host: 'm1', says: 'no leader', fix: 'quorum' })
})

test('one without an answer reports that, and the kind of failure', async () => {
  const client = await member([], 'ok')
  const target = { address: '127.0.0.1', port: 1 }
  const endpoint = { name: 'm1', target, identity: '127.0.0.1', tls: undefined }
  const error = await read(streamSnapshotAside({ ...client, endpoint }, undefined)).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'etcd', host: 'm1' })
  expect(failureKind(error)).toBe('refused')
})

test('a flipped byte is noticed', async () => {
  const flipped = Buffer.from(STORE)
  flipped[5_000_000] = (flipped[5_000_000] ?? 0) ^ 1
  const client = alone(await member([...cut(flipped), SUM], 'ok'))
  await expect(read(streamSnapshotAside(client, undefined))).rejects.toFail('unhealthy/snapshot-is-corrupt', {
    host: 'm1',
  })
})

/** Runs the statement after a piece was taken: an error may overtake messages that were sent before it. */
const AFTER_PIECE = (statement: string) => `${READY}
  port.once('message', () => { ${statement} })
  const memory = new ArrayBuffer(4)
  port.postMessage({ kind: 'piece', memory, bytes: 4, totalBytes: 8 }, [memory])`

test.each([
  ['ends', AFTER_PIECE('process.exit(3)'), /failed/],
  ['throws', AFTER_PIECE("throw new Error('out of memory')"), /failed: out of memory/],
])('a thread that %s is no end of the snapshot', async (_how, program, said) => {
  const client = alone(await member(WHOLE, 'ok'))
  const error = await read(streamSnapshotAside(client, undefined, program)).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'state', host: 'm1', message: expect.stringMatching(said) })
})

test('the signal ends it while it waits, and the connection with it', async () => {
  const client = await member(WHOLE.slice(0, 70), 'never')
  const stopping = new AbortController()
  const pieces = streamSnapshotAside(alone(client), stopping.signal)
  await pieces.next()
  await pieces.next()
  const waiting = pieces.next()
  stopping.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled', host: 'm1' })
  await client.gone
})

test('who reads no further ends the connection', async () => {
  const client = await member(WHOLE, 'ok')
  const pieces = streamSnapshotAside(alone(client), undefined)
  await pieces.next()
  await pieces.return({ sizeBytes: 0, sha256: '', fileSha256: '' })
  await expect(client.gone).resolves.toBeUndefined()
})
