/** Makes a bundle while its snapshot arrives: no more of it is in memory than a few pieces. */
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import tar from 'tar-stream'
import { type About, ENTRIES, type Proof } from './bundle.ts'
import { type Sealing, seal } from './sealing.ts'

/** What comes out of the compression at a time, in bytes. */
const PIECE_BYTES = 1024 ** 2

export interface BundleParts {
  readonly about: About
  /** The text of the cluster file. */
  readonly clusterFile: string
  readonly trustPem: string
  /** Encrypted for the same secret; undefined: the CA's key is not at hand, or nothing is encrypted. */
  readonly caKeySealed: Uint8Array | undefined
  /** Its size is needed before its first byte. */
  readonly snapshot: { readonly sizeBytes: number; readonly pieces: AsyncIterable<Uint8Array> }
  /** Called when the last piece has been taken. What it throws, the reader of the bundle gets: no such bundle is ever whole. */
  readonly prove: () => Promise<Proof>
}

/** The bundle's bytes, made as they are taken. @throws QuorateError `backup` if a recipient is none */
export async function writeBundle(parts: BundleParts, sealing: Sealing): Promise<AsyncIterable<Uint8Array>> {
  const archive = tar.pack({ highWaterMark: PIECE_BYTES })
  // A level that keeps up with the network; what Kubernetes stores becomes a third.
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }
  const packed = createZstdCompress({ chunkSize: PIECE_BYTES, params })
  // Whoever reads the bundle gets the failure from there.
  pipeline(archive, packed).catch(() => undefined)
  fill(archive, parts).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  return await seal(sealing, packed)
}

async function fill(archive: tar.Pack, parts: BundleParts): Promise<void> {
  const mtime = new Date(parts.about.takenAt)
  const add = (name: string, data: string | Uint8Array) =>
    void archive.entry({ name, mtime, mode: 0o600 }, Buffer.from(data))
  add(ENTRIES.about, json(parts.about))
  add(ENTRIES.clusterFile, parts.clusterFile)
  add(ENTRIES.trust, parts.trustPem)
  if (parts.caKeySealed !== undefined) add(ENTRIES.caKey, parts.caKeySealed)
  const { sizeBytes: size, pieces } = parts.snapshot
  await new Promise<void>((resolve, reject) => {
    const entry = archive.entry({ name: ENTRIES.snapshot, mtime, mode: 0o600, size }, (error) =>
      error ? reject(error) : resolve(),
    )
    entry.on('error', reject)
    copy(pieces, entry).catch(reject)
  })
  add(ENTRIES.proof, json(await parts.prove()))
  archive.finalize()
}

async function copy(pieces: AsyncIterable<Uint8Array>, entry: ReturnType<tar.Pack['entry']>): Promise<void> {
  for await (const piece of pieces) {
    if (!entry.write(piece)) await once(entry, 'drain')
  }
  entry.end(undefined)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
