/** A snapshot as `etcdctl snapshot save` writes it, in a file of its own: used where it lies. */
import { open } from 'node:fs/promises'
import path from 'node:path'
import { damaged } from './damaged.ts'
import type { OpenedBackup } from './open.ts'
import { SnapshotSummer } from './snapshot-sum.ts'

/** bbolt's, in the first meta page, behind its header of 16 bytes; in the machine's byte order. */
const BOLT_MAGIC = Buffer.from('edda0ced', 'hex')
const PAGE_HEADER_BYTES = 16

/** One buffer for all of it, small enough for a processor's cache: half the time of a stream. */
const PIECE_BYTES = 256 * 1024

/** What only a bundle has. */
export const BARE = {
  about: undefined,
  proof: undefined,
  clusterFile: undefined,
  trustPem: undefined,
  caKeySealed: undefined,
}

/** @param head its first 64 bytes, or more */
export function isBare(head: Buffer): boolean {
  return head.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + BOLT_MAGIC.length).equals(BOLT_MAGIC)
}

/**
 * @param file absolute path of a regular file
 * @returns undefined if it is something else than a bare snapshot. Disposing of it leaves the file there.
 * @throws QuorateError `backup`: its sum is another one, or it changed while it was read
 */
export async function openBare(file: string, signal: AbortSignal): Promise<OpenedBackup | undefined> {
  const name = path.basename(file)
  await using handle = await open(file)
  const buffer = Buffer.alloc(PIECE_BYTES)
  const before = await handle.stat()
  const sum = new SnapshotSummer()
  for (let position = 0; ;) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
    const piece = buffer.subarray(0, bytesRead)
    if (position === 0 && !isBare(piece)) return undefined
    if (bytesRead === 0) break
    sum.update(piece)
    position += bytesRead
  }
  const { size, mtimeMs } = await handle.stat()
  if (size !== before.size || mtimeMs !== before.mtimeMs) throw damaged(name, 'it changed while it was read')
  const found = sum.finish(name)
  const [secret, dispose] = [undefined, async () => undefined]
  return { name, ...BARE, secret, snapshotFile: file, ...found, [Symbol.asyncDispose]: dispose }
}
