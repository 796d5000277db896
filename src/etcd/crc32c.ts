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

/** Which entry of the table has this in its highest byte: each has another one. */
const INDEX = TABLE.reduce(
  (index, value, at) => index.fill(at, value >>> 24, (value >>> 24) + 1),
  new Uint8Array(256),
)

/** Goes back: the sum of what came before these bytes, of the sum behind them. */
export function crc32cBefore(bytes: Uint8Array, behind: number): number {
  let value = ~behind
  for (const byte of bytes.toReversed()) {
    const at = INDEX[value >>> 24] ?? 0
    value = ((value ^ (TABLE[at] ?? 0)) << 8) | (at ^ byte)
  }
  return ~value >>> 0
}
