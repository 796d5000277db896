/** A member's keyspace as it arrives over gRPC: in large pieces, and compared with the checksum that etcd appends. */
import { createHash } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from './client.ts'
import { Maintenance } from './gen/maintenance_pb.ts'

/** The last bytes of the stream: SHA-256 of all before them. */
export const SUM_BYTES = 32

/** bbolt's smallest page: the size without the checksum is a multiple of it, as `etcdutl snapshot status` expects. */
const PAGE_BYTES = 512

/** Of the whole stream, in ms: 8 GiB over 100 Mbit/s take about 11 minutes. */
const STREAM_TIMEOUT_MS = 30 * 60_000

/** etcd sends 32 KiB at a time. Larger pieces cost half as much, because each one is passed to other threads and back. */
export const PIECE_BYTES = 1024 ** 2

export interface SnapshotPiece {
  /** Valid until the next piece is requested: its memory is reused. */
  readonly data: Buffer
  /** The total size, with the checksum at its end, as etcd reports it: the same in each piece. */
  readonly totalBytes: number
}

export interface SnapshotSum {
  /** With the checksum at its end. */
  readonly sizeBytes: number
  /** Hex, of the snapshot without the checksum at its end: what etcd appended. */
  readonly sha256: string
  /** Hex, of the whole snapshot with the checksum at its end, as `sha256sum` prints it. */
  readonly fileSha256: string
}

export interface SnapshotMemory {
  /** Memory for the next piece: PIECE_BYTES that are no longer in use. */
  readonly supply: () => Promise<Buffer>
  /** Called with each message's bytes after they have been copied into a piece. */
  readonly copied?: (bytes: Uint8Array) => void
}

/**
 * The pieces, to be read one after the other; the final return value is verified.
 * @param memory by default, the same for each piece
 * @throws QuorateError `etcd` if the member doesn't send everything, `unhealthy` if the data differ from what was sent
 */
export async function* streamSnapshot(
  client: MemberClient,
  signal: AbortSignal | undefined,
  memory: SnapshotMemory = oneBuffer(),
): AsyncGenerator<SnapshotPiece, SnapshotSum> {
  const hash = createHash('sha256')
  // The possible checksum is held back until more has arrived.
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
      id: 'snapshot-is-corrupt',
      host: client.name,
      hint: 'rerun the command; if it happens again, check the disk of that member',
    },
  )
}

function oneBuffer(): SnapshotMemory {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  return { supply: async () => buffer }
}
