/** Splits a stream into pieces of one size. */

/**
 * Keeps only copies of the source's pieces, because their memory may be used again.
 * @param bytes of each piece except the last, which is shorter, or missing if nothing is left
 * @throws the source's error, and the signal's reason
 */
export async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const data of source) {
    signal?.throwIfAborted()
    let rest = data
    while (size + rest.length >= bytes) {
      const cut = bytes - size
      yield Buffer.concat([...held, rest.subarray(0, cut)], bytes)
      rest = rest.subarray(cut)
      held = []
      size = 0
    }
    if (rest.length > 0) held.push(Buffer.from(rest))
    size += rest.length
  }
  signal?.throwIfAborted()
  if (size > 0) yield Buffer.concat(held, size)
  return undefined
}
