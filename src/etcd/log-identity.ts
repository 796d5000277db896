/**
 * Finds out which member a write-ahead log belongs to, from the first records of each of its files. Reads only those,
 * and loads no library; `log-file.ts` describes the format.
 */

/** Enough for a file's first two records. */
export const IDENTITY_BYTES = 512

const METADATA = 1n

/** IDs as etcdctl prints them. undefined: these bytes aren't the start of such a file. */
export function readLogIdentity(
  bytes: Buffer,
): { readonly memberId: string; readonly clusterId: string } | undefined {
  let at = 0
  for (let record = 0; record < 2 && at + 8 <= bytes.length; record += 1) {
    const length = bytes.readUIntLE(at, 6)
    const marked = bytes[at + 7] ?? 0
    const padding = marked >= 0x80 ? marked & 7 : 0
    const body = bytes.subarray(at + 8, at + 8 + length)
    if (length === 0 || body.length < length) return undefined
    const fields = fieldsOf(body)
    const data = fields?.get(3)
    if (fields?.get(1) === METADATA && Buffer.isBuffer(data)) {
      const own = fieldsOf(data)
      const [memberId, clusterId] = [own?.get(1), own?.get(2)]
      if (typeof memberId !== 'bigint' || typeof clusterId !== 'bigint') return undefined
      return { memberId: memberId.toString(16), clusterId: clusterId.toString(16) }
    }
    at += 8 + length + padding
  }
  return undefined
}

/** Numbers and byte strings of a protobuf message, by field; undefined: it is invalid, or has other types. */
function fieldsOf(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> | undefined {
  const fields = new Map<number, bigint | Buffer>()
  let at = 0
  const number = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at]
      if (byte === undefined) return undefined
      at += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = number()
    const value = number()
    if (tag === undefined || value === undefined) return undefined
    if ((tag & 7n) === 0n) fields.set(Number(tag >> 3n), value)
    else if ((tag & 7n) === 2n && value <= BigInt(bytes.length - at)) {
      fields.set(Number(tag >> 3n), bytes.subarray(at, at + Number(value)))
      at += Number(value)
    } else return undefined
  }
  return fields
}
