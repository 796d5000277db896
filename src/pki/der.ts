/** The outermost layer of DER, for fields that the X.509 library doesn't expose. */

export interface DerElement {
  readonly tag: number
  readonly value: Uint8Array
}

/**
 * The sequence of elements in `der`; only tags of one byte, as in X.509 names.
 * @throws RangeError if the last one is truncated
 */
export function derElements(der: Uint8Array): readonly DerElement[] {
  const found: DerElement[] = []
  for (let at = 0; at < der.length;) {
    const tag = der[at] ?? 0
    const short = der[at + 1] ?? 0
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f
    const start = at + 2 + lengthBytes
    const length =
      lengthBytes === 0 ? short : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
    if (start + length > der.length) throw new RangeError('a DER value ends in the middle')
    found.push({ tag, value: der.subarray(start, start + length) })
    at = start + length
  }
  return found
}
