/** Keys and values are bytes in etcd; quorate's own are UTF-8. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false })

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** Bytes that aren't UTF-8 become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The `range_end` of the range of all keys that start with `prefix`. */
export function prefixEnd(prefix: string): Uint8Array<ArrayBuffer> {
  const end = utf8(prefix)
  for (let last = end.length - 1; last >= 0; last--) {
    const byte = end[last] ?? 0
    if (byte < 0xff) {
      end[last] = byte + 1
      return end.slice(0, last + 1)
    }
  }
  // No key is greater: a single zero byte means 'to the end of all keys'.
  return new Uint8Array([0])
}
