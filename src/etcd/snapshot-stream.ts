/** A member's store as it comes over gRPC: in large pieces, and checked against the sum that etcd appends. */
import { createHash } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { Maintenance } from './gen/maintenance_pb.ts'

/** The last bytes of the stream: SHA-256 of all before them. */
export const SUM_BYTES = 32

/** bbolt's smallest page: what precedes the sum is a multiple of it, as `etcdutl snapshot status` expects. */
const PAGE_BYTES = 512

/** Of the whole stream, in ms: an 8 GiB store over 100 Mbit/s takes some 11 minutes. */
const STREAM_TIMEOUT_MS = 30 * 60_000

/** etcd sends 32 KiB at a time; handled by the MiB it costs half, and each piece goes through other threads and back. */
export const PIECE_BYTES = 1024 ** 2

export interface SnapshotPiece {
  /** Valid until the next one is asked for: its memory is used again. */
  readonly data: Buffer
  /** Of the whole, with the sum at its end: etcd's own word, the same in each piece. */
  readonly totalBytes: number
}

export interface SnapshotSum {
  /** With the sum at its end. */
  readonly sizeBytes: number
  /** Hex, of the store without the sum at its end: what etcd appended. */
  readonly sha256: string
  /** Hex, of the whole, with the sum at its end: what `sha256sum` says of the file. */
  readonly fileSha256: string
}

export interface SnapshotMemory {
  /** For the next piece: PIECE_BYTES that nobody reads any more. */
  readonly supply: () => Promise<Buffer>
  /** Told of each message's bytes when they have been copied into a piece. */
  readonly copied?: (bytes: Uint8Array) => void
}

/**
 * The pieces, to be taken one after the other; what it returns in the end has been checked.
 * @param memory the same for each piece, unless given
 * @throws QuorateError `etcd` if the member doesn't answer to the end, `unhealthy` if what came is not what was sent
 */
export async function* streamSnapshot(
  client: MemberClient,
  signal: AbortSignal | undefined,
  memory: SnapshotMemory = oneBuffer(),
): AsyncGenerator<SnapshotPiece, SnapshotSum> {
  const hash = createHash('sha256')
  // What may be the sum is held back until more has come.
  let tail: Buffer = Buffer.alloc(0)
  let sizeBytes = 0
  let totalBytes = 0
  let current: Buffer | undefined
  let filled = 0
  const take = (whole: Buffer): SnapshotPiece => {
    const data = whole.subarray(0, filled)
    current = undefined
    filled = 0
    const both = Buffer.concat([tail, data.subarray(-SUM_BYTES)])
    const keep = Math.max(0, both.length - SUM_BYTES)
    if (data.length > SUM_BYTES) {
      hash.update(tail)
      hash.update(data.subarray(0, -SUM_BYTES))
    } else hash.update(both.subarray(0, keep))
    tail = Buffer.from(both.subarray(keep))
    return { data, totalBytes }
  }
  const options = { signal, timeoutMs: STREAM_TIMEOUT_MS }
  for await (const { blob, remainingBytes } of client.stream(Maintenance.method.snapshot, {}, options)) {
    if (blob.length === 0) continue
    if (totalBytes === 0) totalBytes = blob.length + Number(remainingBytes) + SUM_BYTES
    sizeBytes += blob.length
    for (let rest = blob; rest.length > 0;) {
      current ??= await memory.supply()
      const some = rest.subarray(0, current.length - filled)
      current.set(some, filled)
      filled += some.length
      rest = rest.subarray(some.length)
      if (filled === current.length) yield take(current)
    }
    memory.copied?.(blob)
  }
  if (current !== undefined) yield take(current)
  const fileSha256 = hash.copy().update(tail).digest('hex')
  const sha256 = hash.digest('hex')
  if (sizeBytes % PAGE_BYTES === SUM_BYTES && tail.toString('hex') === sha256)
    return { sizeBytes, sha256, fileSha256 }
  throw new QuorateError(
    'unhealthy',
    `snapshot from ${client.name} is corrupt: its checksum does not match`,
    {
      host: client.name,
      hint: 'rerun the command; if it happens again, check the disk of that member',
    },
  )
}

function oneBuffer(): SnapshotMemory {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  return { supply: async () => buffer }
}
