/** Keys and values are bytes in etcd; these are ours for the UTF-8 ones. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false })

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** What isn't UTF-8 becomes U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The `range_end` with which a range covers every key that begins with `prefix`. */
export function prefixEnd(prefix: string): Uint8Array<ArrayBuffer> {
  const end = utf8(prefix)
  for (let last = end.length - 1; last >= 0; last--) {
    const byte = end[last] ?? 0
    if (byte < 0xff) {
      end[last] = byte + 1
      return end.slice(0, last + 1)
    }
  }
  // No key is greater: a single zero byte stands for 'to the end of all keys'.
  return new Uint8Array([0])
}
