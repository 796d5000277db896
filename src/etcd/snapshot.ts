/**
 * A snapshot of one member's store as a file: streamed over gRPC, checked against the sum that etcd appends, complete
 * under its name or not there at all. It holds the whole store, Kubernetes Secrets included: the file is private.
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
  /** Absolute path; its folder is made if need be. A file of that name is replaced. */
  readonly file: string
  readonly signal?: AbortSignal | undefined
  /** How far it is; `totalBytes` is etcd's own word on the size. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
}

export interface SnapshotFile {
  /** Absolute path. Mode 600. */
  readonly file: string
  /** As `etcdutl snapshot restore` takes it: with the sum at its end. */
  readonly sizeBytes: number
  /** Hex, of the store without the sum at its end: what etcd appended. */
  readonly sha256: string
  /** Everything up to this revision is in it. */
  readonly revision: bigint
  /** The node whose member it is from. */
  readonly member: string
}

/**
 * A snapshot is a member's own state, possibly a stale one: so this member first answers a linearizable read, which it
 * can't before it has applied all that was acknowledged until then.
 *
 * @throws QuorateError `etcd` if the member doesn't answer to the end; `unhealthy` if what came is not what it should
 *   be; `state` if there is no room here; `cancelled`. Nothing is left then.
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
