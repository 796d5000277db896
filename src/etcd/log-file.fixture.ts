/** Files of a write-ahead log for tests, as etcd writes them. */
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { crc32c } from './crc32c.ts'

export interface Draft {
  readonly type: number
  readonly data: Uint8Array
}

export const state = (term: bigint, commit: bigint): Draft => ({
  type: 3,
  data: new BinaryWriter().uint32(8).uint64(term).uint32(16).uint64(9n).uint32(24).uint64(commit).finish(),
})

export function entry(term: bigint, index: bigint, bytes = 20): Draft {
  const data = new BinaryWriter().uint32(8).int32(0).uint32(16).uint64(term).uint32(24).uint64(index)
  return { type: 2, data: data.uint32(34).bytes(Buffer.alloc(bytes, 0xab)).finish() }
}

/** As a member of 3.5 writes it when it starts, or for a client of the v2 API. */
export function v2Entry(
  term: bigint,
  index: bigint,
  method = 'PUT',
  key = '/0/members/b/attributes',
  value = '{"name":"etcd01"}',
): Draft {
  const request = new BinaryWriter().uint32(8).uint64(7n).uint32(18).string(method)
  const whole = request.uint32(26).string(key).uint32(34).string(value).finish()
  const data = new BinaryWriter().uint32(8).int32(0).uint32(16).uint64(term).uint32(24).uint64(index)
  return { type: 2, data: data.uint32(34).bytes(whole).finish() }
}

/** etcd's numbers of membership changes: add a voting member or promote a learner; remove a member; change its addresses; add a learner. */
export const CHANGES = { voter: 0, remove: 1, update: 2, learner: 3 } as const

/** A change of the members, as raft has it in the log. */
export function change(term: bigint, index: bigint, kind: keyof typeof CHANGES, memberId: bigint): Draft {
  const about = new BinaryWriter().uint32(8).uint64(7n).uint32(16).int32(CHANGES[kind])
  const whole = about.uint32(24).uint64(memberId).finish()
  const data = new BinaryWriter().uint32(8).int32(1).uint32(16).uint64(term).uint32(24).uint64(index)
  return { type: 2, data: data.uint32(34).bytes(whole).finish() }
}

export function snapshot(
  term: bigint,
  index: bigint,
  voters: readonly bigint[],
  learners: readonly bigint[] = [],
): Draft {
  const writer = new BinaryWriter()
  for (const id of voters) writer.uint32(8).uint64(id)
  for (const id of learners) writer.uint32(16).uint64(id)
  const members = writer.finish()
  const data = new BinaryWriter().uint32(8).uint64(index).uint32(16).uint64(term)
  return { type: 5, data: data.uint32(26).bytes(members).finish() }
}

/** A file as etcd writes it: a checksum, the member's identity, and these records. */
export function log(
  drafts: readonly Draft[],
  fileBytes = 64 * 1024,
): { readonly bytes: Buffer; readonly end: number } {
  const bytes = Buffer.alloc(fileBytes)
  const metadata = new BinaryWriter().uint32(8).uint64(0xfedcba9876543210n).uint32(16).uint64(77n).finish()
  let sum = 0x1234
  let end = 0
  const append = (type: number, crc: number, data: Uint8Array) => {
    const record = new BinaryWriter().uint32(8).int64(type).uint32(16).uint32(crc)
    const whole = data.length === 0 ? record.finish() : record.uint32(26).bytes(data).finish()
    const padding = (8 - (whole.length % 8)) % 8
    bytes.writeUIntLE(whole.length, end, 6)
    bytes[end + 7] = padding === 0 ? 0 : 0x80 | padding
    bytes.set(whole, end + 8)
    end += 8 + whole.length + padding
  }
  append(4, sum, new Uint8Array())
  for (const { type, data } of [{ type: 1, data: metadata }, ...drafts]) {
    sum = crc32c(data, sum)
    append(type, sum, data)
  }
  return { bytes, end }
}
