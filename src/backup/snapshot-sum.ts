/** Compares the checksum at a snapshot's end with the data before it, while they are read. */
import { createHash } from 'node:crypto'
import { SUM_BYTES } from '../etcd/snapshot-stream.ts'
import { damaged } from './damaged.ts'

export interface SummedSnapshot {
  /** With the checksum. */
  readonly sizeBytes: number
  /** SHA-256 in hex of everything before the checksum. */
  readonly sha256: string
  /** SHA-256 in hex of the whole file, with the checksum, as `sha256sum` prints it. */
  readonly fileSha256: string
}

export class SnapshotSummer {
  readonly #hash = createHash('sha256')
  #sizeBytes = 0
  /** The last bytes so far: they are the checksum if nothing follows. */
  #tail: Buffer = Buffer.alloc(0)

  /** @param piece may be overwritten afterwards */
  update(piece: Uint8Array): void {
    this.#sizeBytes += piece.length
    const body = piece.subarray(0, Math.max(0, piece.length - SUM_BYTES))
    // A piece that is longer than the checksum replaces the whole old end.
    const end = Buffer.concat([this.#tail, piece.subarray(body.length)])
    const known = body.length > 0 ? this.#tail.length : Math.max(0, end.length - SUM_BYTES)
    this.#hash.update(end.subarray(0, known))
    this.#hash.update(body)
    this.#tail = end.subarray(known)
  }

  /** @throws QuorateError `backup` if the checksum differs: the snapshot was cut off or changed */
  finish(name: string): SummedSnapshot {
    const fileSha256 = this.#hash.copy().update(this.#tail).digest('hex')
    const sha256 = this.#hash.digest('hex')
    if (this.#tail.toString('hex') === sha256) return { sizeBytes: this.#sizeBytes, sha256, fileSha256 }
    throw damaged(name, 'the checksum of its snapshot does not match: it was truncated or changed', {
      id: 'snapshot-is-damaged',
    })
  }
}
