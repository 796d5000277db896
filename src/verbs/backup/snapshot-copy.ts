/** Copies a snapshot while it is streamed into a backup. */
import type { FileHandle } from 'node:fs/promises'
import { QuorateError } from '../../errors.ts'
import type { SnapshotPiece, SnapshotSum } from '../../etcd/snapshot-stream.ts'
import { writeWhole } from '../../etcd/write-whole.ts'

/** How much of a member's snapshot has arrived. */
export type OnSnapshot = (member: string, doneBytes: number, totalBytes: number) => void

/**
 * Passes on the pieces of a snapshot, and keeps a copy of them, because etcd's tools can only read a file. A piece
 * stays valid until the next one is requested.
 */
export class SnapshotCopy {
  readonly #member: string
  readonly #source: AsyncGenerator<SnapshotPiece, SnapshotSum>
  readonly #handle: FileHandle
  readonly #onProgress: OnSnapshot | undefined
  #first: SnapshotPiece | undefined
  #sum: SnapshotSum | undefined

  constructor(
    member: string,
    source: AsyncGenerator<SnapshotPiece, SnapshotSum>,
    handle: FileHandle,
    onProgress: OnSnapshot | undefined,
  ) {
    this.#member = member
    this.#source = source
    this.#handle = handle
    this.#onProgress = onProgress
  }

  /** Waits for the first piece, which contains the total size. */
  async begin(): Promise<number> {
    const { done, value } = await this.#source.next()
    if (done === true) throw new QuorateError('etcd', 'the snapshot is empty', { host: this.#member })
    this.#first = value
    return value.totalBytes
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    let doneBytes = 0
    let piece = this.#first
    while (piece !== undefined) {
      // Writes the piece while it is packed. The next piece may reuse its memory, so it waits for both.
      const writing = writeWhole(this.#handle, piece.data)
      writing.catch(() => undefined)
      doneBytes += piece.data.length
      this.#onProgress?.(this.#member, doneBytes, piece.totalBytes)
      yield piece.data
      await writing
      const next = await this.#source.next()
      if (next.done === true) {
        this.#sum = next.value
        return
      }
      piece = next.value
    }
  }

  get sum(): SnapshotSum {
    if (this.#sum === undefined) throw new TypeError('the snapshot has not come to its end')
    return this.#sum
  }
}
