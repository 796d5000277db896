/** The outermost layer of DER, where the X.509 library does not show enough of it. */

export interface DerElement {
  readonly tag: number
  readonly value: Uint8Array
}

/**
 * The elements that stand one after the other in `der`; tags of one byte, as X.509 names have them.
 * @throws RangeError if the last one is cut off
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
