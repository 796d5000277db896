/** Records what a restored keyspace must match, while the snapshot is fresh. */
import type { Proof } from '../../backup/bundle.ts'
import type { MemberClient } from '../../etcd/client.ts'
import { KV } from '../../etcd/gen/kv_pb.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import type { SnapshotSum } from '../../etcd/snapshot-stream.ts'
import { type SnapshotTool, readSnapshotStatus } from '../../etcd/snapshot-tool.ts'

/** Deadline for HashKV on a large keyspace, in ms. */
const HASH_TIMEOUT_MS = 120_000

/**
 * etcd's tool reads the revision from the file. The member then counts its keys and hashes its history at that
 * revision.
 */
export async function proveSnapshot(
  client: MemberClient,
  file: string,
  { sizeBytes, sha256 }: SnapshotSum,
  { tool, signal }: { readonly tool: SnapshotTool; readonly signal: AbortSignal },
): Promise<Proof> {
  const status = await readSnapshotStatus(tool, file, signal)
  const revision = BigInt(status.revision)
  const options = { signal, timeoutMs: HASH_TIMEOUT_MS }
  const all = { key: new Uint8Array(1), rangeEnd: new Uint8Array(1), countOnly: true, serializable: true }
  // Missing if the keyspace was compacted past that revision since, or has no revision yet.
  const [counted, hashed] = await Promise.allSettled([
    client.call(KV.method.range, { ...all, revision }, options),
    client.call(Maintenance.method.hashKV, { revision }, options),
  ])
  signal.throwIfAborted()
  return {
    sha256,
    sizeBytes,
    status,
    ...(counted.status === 'fulfilled' ? { keys: `${counted.value.count}` } : {}),
    ...(hashed.status === 'fulfilled'
      ? {
          hashKv: {
            revision: status.revision,
            compactRevision: `${hashed.value.compactRevision}`,
            hash: `${hashed.value.hash}`,
          },
        }
      : {}),
  }
}
