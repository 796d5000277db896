/**
 * HashKV of a store whose revision a restore has moved on (`--bump-revision --mark-compacted`), told from the store before.
 *
 * etcd's hash is a CRC-32C of the name of the bucket and of every entry, in the order of revisions; of what was compacted
 * only what lives at the revision that is asked for. So a store with one key more, compacted up to the revision before, has
 * the sum of all that lives and of that key's entry; and the restored one that of all that lives and of the entry that moves
 * the revision on, which has no value (etcdutl's unsafeBumpBucketsRevision). Tried with etcd 3.5.16 to 3.7.3.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { crc32c, crc32cBefore } from './crc32c.ts'
import { KeyValueSchema } from './gen/common_pb.ts'
import { utf8 } from './keys.ts'

export interface LastKey {
  /** The one that it was written at: the store's newest, and the only one of this key. */
  readonly revision: bigint
  readonly key: string
  readonly value: string
}

/**
 * @param hash of the store with the last key, at its revision, compacted up to the one before
 * @param movedTo the revision of the restored store
 */
export function movedHash(hash: number, last: LastKey, movedTo: bigint): number {
  return crc32c(revisionBytes(movedTo), crc32cBefore(entryOf(last), hash))
}

function entryOf({ revision, key, value }: LastKey): Uint8Array {
  const revisions = { createRevision: revision, modRevision: revision, version: 1n }
  const entry = create(KeyValueSchema, { key: utf8(key), value: utf8(value), ...revisions })
  return Buffer.concat([revisionBytes(revision), toBinary(KeyValueSchema, entry)])
}

/** The key of an entry: main revision and sub revision, 8 bytes each. */
function revisionBytes(main: bigint): Uint8Array {
  const bytes = Buffer.alloc(17)
  bytes.writeBigUInt64BE(main)
  bytes.write('_', 8)
  return bytes
}
