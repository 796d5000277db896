/**
 * A snapshot of one member's keyspace as a file: streamed over gRPC, compared with the checksum that etcd appends,
 * complete under its name or missing. It contains the whole keyspace, including Kubernetes Secrets, so the file is
 * private.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { draftBeside } from '../files/temporary.ts'
import type { MemberClient } from './client.ts'
import { KV } from './gen/kv_pb.ts'
import { Maintenance } from './gen/maintenance_pb.ts'
import { utf8 } from './keys.ts'
import { requireRoom } from './room.ts'
import type { SnapshotSum } from './snapshot-stream.ts'
import { streamSnapshotAside } from './snapshot-thread.ts'
import { writeWhole } from './write-whole.ts'

export interface SnapshotOptions {
  /** Absolute path; its directory is created if it is missing. Replaces a file of that name. */
  readonly file: string
  readonly signal?: AbortSignal | undefined
  /** The progress; `totalBytes` is the size that etcd reports. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
}

export interface SnapshotFile {
  /** Absolute path. Mode 600. */
  readonly file: string
  /** As `etcdutl snapshot restore` expects it: with the checksum at its end. */
  readonly sizeBytes: number
  /** Hex, of the snapshot without the checksum at its end: what etcd appended. */
  readonly sha256: string
  /** It contains everything up to this revision. */
  readonly revision: bigint
  /** The node of the member that it comes from. */
  readonly member: string
}

/**
 * A snapshot is a member's own state, which may be stale. So this member first answers a linearizable read, which
 * requires that it has applied everything that was acknowledged until then. Leaves no file behind if it throws.
 *
 * @throws QuorateError `etcd` if the member doesn't send everything; `unhealthy` if the data are wrong; `state` if the
 *   workstation has not enough space; `cancelled`.
 */
export async function takeSnapshot(client: MemberClient, options: SnapshotOptions): Promise<SnapshotFile> {
  const { file, signal } = options
  const [read, status] = await Promise.all([
    client.call(KV.method.range, { key: utf8('health'), countOnly: true }, { signal }),
    client.call(Maintenance.method.status, {}, { signal }),
  ])
  const folder = path.dirname(file)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await requireRoom(folder, Number(status.dbSize), 'for a snapshot')
  const part = `${await draftBeside(file)}.part`
  try {
    const { sizeBytes, sha256 } = await receive(client, part, options)
    await rename(part, file)
    await using handle = await open(folder, 'r')
    await handle.sync()
    return { file, sizeBytes, sha256, revision: read.header?.revision ?? 0n, member: client.name }
  } finally {
    await rm(part, { force: true })
  }
}

async function receive(
  client: MemberClient,
  part: string,
  { signal, onProgress }: SnapshotOptions,
): Promise<SnapshotSum> {
  await using handle = await open(part, 'wx', 0o600)
  const pieces = streamSnapshotAside(client, signal)
  let doneBytes = 0
  try {
    for (;;) {
      const { done, value } = await pieces.next()
      if (done === true) {
        await handle.sync()
        return value
      }
      await writeWhole(handle, value.data)
      doneBytes += value.data.length
      onProgress?.(doneBytes, value.totalBytes)
    }
  } finally {
    await pieces.return({ sizeBytes: 0, sha256: '', fileSha256: '' })
  }
}
