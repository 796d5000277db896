/** Makes a bundle while its snapshot arrives: only a few pieces are in memory at a time. */
import { createHash } from 'node:crypto'
import { type ZstdCompress, constants, createZstdCompress } from 'node:zlib'
import tar from 'tar-stream'
import { type About, ENTRIES, type Proof } from './bundle.ts'
import type { Signer } from '../signing/ssh-keygen.ts'
import { MANIFEST, SIGNATURE, parseManifest, renderManifest } from './manifest.ts'
import { type Sealing, seal } from './sealing.ts'
import { youngCollector } from './young.ts'

/** How much the compression returns at a time, in bytes. */
const PIECE_BYTES = 1024 ** 2

/** Memory is cleaned up after this many compressed bytes. */
const TIDY_BYTES = 4 * 1024 ** 2

export interface BundleParts {
  /** Its name in the backup location, which is signed too. */
  readonly name: string
  readonly about: About
  /** The text of the cluster file. */
  readonly clusterFile: string
  readonly trustPem: string
  /** Encrypted for the same secret; undefined: the CA's key is not available, or nothing is encrypted. */
  readonly caKeySealed: Uint8Array | undefined
  /** Like the CA's key; undefined: not available. */
  readonly kubernetesKeysSealed?: Uint8Array | undefined
  /** Its size is needed before its first byte. Requesting the next piece means that the last one was read. */
  readonly snapshot: {
    readonly sizeBytes: number
    readonly pieces: AsyncIterable<Uint8Array>
    /** SHA-256 in hex of the whole snapshot; called after the last piece was taken. */
    readonly fileSha256: () => string
  }
  /**
   * Called after the last piece was taken. If it throws, the reader of the bundle gets the error, so no such bundle is
   * ever complete.
   */
  readonly prove: () => Promise<Proof>
  /** undefined: unsigned, as bundles used to be. */
  readonly signer: Signer | undefined
}

/** The bundle's bytes, made on demand. @throws QuorateError `backup` if a recipient is invalid */
export async function writeBundle(parts: BundleParts, sealing: Sealing): Promise<AsyncIterable<Uint8Array>> {
  const archive = tar.pack({ highWaterMark: PIECE_BYTES })
  // A level that keeps up with the network. It compresses what Kubernetes stores to a third.
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }
  const packed = createZstdCompress({ chunkSize: PIECE_BYTES, params })
  const taken = new Taken()
  pack(archive, packed, taken).catch((error: unknown) => {
    // The reader of the bundle gets this failure.
    packed.destroy(asError(error))
    archive.destroy(asError(error))
    taken.fail(error)
  })
  fill(archive, parts, taken).catch((error: unknown) => archive.destroy(asError(error)))
  return await seal(sealing, packed)
}

async function fill(archive: tar.Pack, parts: BundleParts, taken: Taken): Promise<void> {
  const mtime = new Date(parts.about.takenAt)
  const sums = new Map<string, string>()
  const add = (name: string, data: string | Uint8Array) => {
    sums.set(name, createHash('sha256').update(data).digest('hex'))
    archive.entry({ name, mtime, mode: 0o600 }, Buffer.from(data))
  }
  add(ENTRIES.about, json(parts.about))
  add(ENTRIES.clusterFile, parts.clusterFile)
  add(ENTRIES.trust, parts.trustPem)
  if (parts.caKeySealed !== undefined) add(ENTRIES.caKey, parts.caKeySealed)
  if (parts.kubernetesKeysSealed !== undefined) add(ENTRIES.kubernetesKeys, parts.kubernetesKeysSealed)
  const { sizeBytes: size, pieces, fileSha256 } = parts.snapshot
  await new Promise<void>((resolve, reject) => {
    const entry = archive.entry({ name: ENTRIES.snapshot, mtime, mode: 0o600, size }, (error) =>
      error ? reject(error) : resolve(),
    )
    entry.on('error', reject)
    copy(pieces, entry, taken).catch(reject)
  })
  sums.set(ENTRIES.snapshot, fileSha256())
  add(ENTRIES.proof, json(await parts.prove()))
  if (parts.signer !== undefined) {
    const manifest = manifestOf(parts, parts.signer, sums)
    add(MANIFEST, manifest)
    add(SIGNATURE, await parts.signer.sign(manifest))
  }
  archive.finalize()
}

function manifestOf(
  { name, about }: BundleParts,
  { principal: signer }: Signer,
  sums: ReadonlyMap<string, string>,
): string {
  const { cluster, clusterId, takenAt, readRevision: revision } = about
  const text = renderManifest({ name, cluster, clusterId, takenAt, revision, signer, sums })
  if (parseManifest(text) === undefined) throw new TypeError(`a manifest that can't be checked:\n${text}`)
  return text
}

async function copy(
  pieces: AsyncIterable<Uint8Array>,
  entry: ReturnType<tar.Pack['entry']>,
  taken: Taken,
): Promise<void> {
  for await (const piece of pieces) {
    const packed = taken.wait(piece)
    entry.write(piece)
    await packed
  }
  entry.end(undefined)
}

async function pack(archive: tar.Pack, packed: ZstdCompress, taken: Taken): Promise<void> {
  const collectYoung = youngCollector()
  let bytes = 0
  for await (const piece of archive as AsyncIterable<Uint8Array>) {
    await new Promise<void>((resolve, reject) => {
      packed.write(piece, (error) => (error ? reject(error) : resolve()))
    })
    taken.note(piece)
    bytes += piece.length
    if (bytes < TIDY_BYTES) continue
    collectYoung()
    bytes = 0
  }
  packed.end()
}

/**
 * Tracks which pieces have been compressed. A stream accepts more than it has read, and the memory of pieces is used
 * again.
 */
class Taken {
  readonly #waiting = new Map<Uint8Array, PromiseWithResolvers<void>>()
  #failure: { readonly reason: unknown } | undefined

  async wait(piece: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.reason
    const waiting = Promise.withResolvers<void>()
    this.#waiting.set(piece, waiting)
    await waiting.promise
  }

  note(piece: Uint8Array): void {
    this.#waiting.get(piece)?.resolve()
    this.#waiting.delete(piece)
  }

  fail(reason: unknown): void {
    this.#failure = { reason }
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
