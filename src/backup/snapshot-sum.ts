/** The sum at a snapshot's end, compared with what precedes it as that is read. */
import { createHash } from 'node:crypto'
import { SUM_BYTES } from '../etcd/snapshot-stream.ts'
import { damaged } from './damaged.ts'

export interface SummedSnapshot {
  /** With the sum. */
  readonly sizeBytes: number
  /** SHA-256 in hex, of all that precedes it. */
  readonly sha256: string
  /** The same of the whole file, with the sum: what `sha256sum` says of it. */
  readonly fileSha256: string
}

export class SnapshotSummer {
  readonly #hash = createHash('sha256')
  #sizeBytes = 0
  /** The last bytes so far: the sum, if nothing follows. */
  #tail: Buffer = Buffer.alloc(0)

  /** @param piece may be written over afterwards */
  update(piece: Uint8Array): void {
    this.#sizeBytes += piece.length
    const body = piece.subarray(0, Math.max(0, piece.length - SUM_BYTES))
    // A piece that is longer than the sum pushes all of the old end out.
    const end = Buffer.concat([this.#tail, piece.subarray(body.length)])
    const known = body.length > 0 ? this.#tail.length : Math.max(0, end.length - SUM_BYTES)
    this.#hash.update(end.subarray(0, known))
    this.#hash.update(body)
    this.#tail = end.subarray(known)
  }

  /** @throws QuorateError `backup` if the sum is another one: it was cut off, or changed */
  finish(name: string): SummedSnapshot {
    const fileSha256 = this.#hash.copy().update(this.#tail).digest('hex')
    const sha256 = this.#hash.digest('hex')
    if (this.#tail.toString('hex') === sha256) return { sizeBytes: this.#sizeBytes, sha256, fileSha256 }
    throw damaged(name, 'the checksum of its snapshot does not match: it was truncated or changed')
  }
}
