/**
 * HashKV of a keyspace whose revision a restore has increased (`--bump-revision --mark-compacted`), computed from the
 * keyspace before.
 *
 * etcd's hash is a CRC-32C of the bucket's name and of every entry, in the order of revisions. Of compacted entries, it
 * includes only those that are alive at the requested revision. So a keyspace with one more key, compacted up to the
 * revision before, has the checksum of all live entries and of that key's entry. The restored keyspace has the checksum
 * of all live entries and of the entry that increases the revision, which has no value (etcdutl's
 * unsafeBumpBucketsRevision). Tested with etcd 3.5.16 to 3.7.3.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { crc32c, crc32cBefore } from './crc32c.ts'
import { KeyValueSchema } from './gen/common_pb.ts'
import { utf8 } from './keys.ts'

export interface LastKey {
  /** The revision of its write: the newest of the keyspace, and this key's only one. */
  readonly revision: bigint
  readonly key: string
  readonly value: string
}

/**
 * @param hash of the keyspace with the last key, at its revision, compacted up to the one before
 * @param movedTo the revision of the restored keyspace
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
