/** Small pieces, gathered into large ones. */
import { freeNow } from '../etcd/free-now.ts'

const PIECE_BYTES = 1024 ** 2

/**
 * All pieces share the same memory: each is valid until the next one is requested.
 * @param source of pieces that each own their memory, which nothing else refers to: it is freed at once
 */
export async function* gather(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const memory = Buffer.allocUnsafeSlow(PIECE_BYTES)
  let filled = 0
  for await (const piece of source) {
    for (let from = 0; from < piece.length;) {
      const some = piece.subarray(from, from + memory.length - filled)
      memory.set(some, filled)
      filled += some.length
      from += some.length
      if (filled < memory.length) continue
      yield memory
      filled = 0
    }
    freeNow(piece)
  }
  if (filled > 0) yield memory.subarray(0, filled)
}
