/** CRC-32C (Castagnoli), with which etcd guards its write-ahead log. Node's own `zlib.crc32` is another polynomial. */

/** 0x1EDC6F41, reflected. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** Goes on from the sum of what came before; 0 is that of nothing. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let value = ~before
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
  return ~value >>> 0
}
