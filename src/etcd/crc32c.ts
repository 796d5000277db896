/** CRC-32C (Castagnoli), the checksum in etcd's write-ahead log. Node's own `zlib.crc32` uses another polynomial. */

/** 0x1EDC6F41, reflected. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** Continues from the checksum of the preceding bytes; 0 if there are none. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let value = ~before
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
  return ~value >>> 0
}

/** The table's entry for a given highest byte: each entry has a different one. */
const INDEX = TABLE.reduce(
  (index, value, at) => index.fill(at, value >>> 24, (value >>> 24) + 1),
  new Uint8Array(256),
)

/** The inverse: the checksum before these bytes, from the checksum after them. */
export function crc32cBefore(bytes: Uint8Array, behind: number): number {
  let value = ~behind
  for (const byte of bytes.toReversed()) {
    const at = INDEX[value >>> 24] ?? 0
    value = ((value ^ (TABLE[at] ?? 0)) << 8) | (at ^ byte)
  }
  return ~value >>> 0
}
