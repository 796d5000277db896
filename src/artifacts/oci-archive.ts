/**
 * A container image as one file: an OCI layout in a tar, as `ctr images import` expects it, for nodes without a
 * registry. The same content gives the same bytes, wherever and whenever it is made.
 *
 * The formats: https://github.com/opencontainers/image-spec (image-layout, manifest, config, layer).
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import tar from 'tar-stream'
import { draftBeside } from '../files/temporary.ts'
import type { Architecture } from './artifact.ts'

export interface Image {
  /** Full names with tags, `registry.k8s.io/pause:3.10.2`: one image may serve as several. */
  readonly names: readonly string[]
  readonly arch: Architecture
  readonly entries: readonly ImageEntry[]
  /** Argument array. */
  readonly entrypoint: readonly string[]
  /** `65535:65535`; root by default. */
  readonly user?: string | undefined
}

/** `path` is relative to the image's root; parent directories are created. */
export type ImageEntry = { readonly path: string; readonly mode: number } & (
  | { readonly kind: 'file'; readonly from: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'folder' }
)

interface Blob {
  readonly mediaType: string
  /** `sha256:…` */
  readonly digest: string
  readonly size: number
}

/** Increase it when the same content results in different bytes, so that cached archives are made again. */
export const OCI_ARCHIVE_FORMAT = 2

const LAYER_LEVEL = 3
const MEDIA = 'application/vnd.oci.image'
const NO_TIME = new Date(0)

/**
 * Writes the archive, and replaces an existing `target`.
 *
 * @throws the system's error if a file of the image can't be read or the target can't be written; `target` doesn't
 *   exist then
 */
export async function writeImage(image: Image, target: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const layerFile = await draftBeside(`${target}.layer`)
  const draft = await draftBeside(target)
  try {
    const { blob: layer, diffId } = await writeLayer(image.entries, layerFile, signal)
    const config = Buffer.from(
      JSON.stringify({
        created: NO_TIME.toISOString(),
        architecture: image.arch,
        os: 'linux',
        config: {
          Entrypoint: image.entrypoint,
          Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
          WorkingDir: '/',
          ...(image.user === undefined ? {} : { User: image.user }),
        },
        rootfs: { type: 'layers', diff_ids: [diffId] },
        history: [{ created: NO_TIME.toISOString(), created_by: 'quorate' }],
      }),
    )
    const configBlob = blobOf(config, `${MEDIA}.config.v1+json`)
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: `${MEDIA}.manifest.v1+json`,
        config: configBlob,
        layers: [layer],
      }),
    )
    const manifestBlob = blobOf(manifest, `${MEDIA}.manifest.v1+json`)
    const index = {
      schemaVersion: 2,
      mediaType: `${MEDIA}.index.v1+json`,
      manifests: image.names.map((name) => ({
        ...manifestBlob,
        platform: { architecture: image.arch, os: 'linux' },
        // The first is for containerd, the second for skopeo, podman and the specification.
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
      })),
    }
    const output = createWriteStream(draft, { mode: 0o600, flush: true })
    const flow = async (bytes: AsyncIterable<unknown>) => await pipeline(bytes, output, { signal })
    await packInto(flow, async (pack) => {
      await addText(pack, 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }))
      await addText(pack, 'index.json', JSON.stringify(index))
      await addText(pack, blobPath(manifestBlob), manifest)
      await addText(pack, blobPath(configBlob), config)
      await addFile(pack, blobPath(layer), layerFile, 0o644)
    })
    await rename(draft, target)
  } finally {
    await rm(layerFile, { force: true })
    await rm(draft, { force: true })
  }
}

/** The compressed layer, with the digest of its uncompressed content. */
async function writeLayer(
  entries: readonly ImageEntry[],
  target: string,
  signal: AbortSignal,
): Promise<{ readonly blob: Blob; readonly diffId: string }> {
  const plain = new Digest()
  const packed = new Digest()
  const params = { [constants.ZSTD_c_compressionLevel]: LAYER_LEVEL }
  const output = createWriteStream(target, { mode: 0o600 })
  const flow = async (bytes: AsyncIterable<unknown>) =>
    await pipeline(bytes, plain, createZstdCompress({ params }), packed, output, { signal })
  await packInto(flow, async (pack) => {
    const folders = new Set<string>()
    for (const entry of entries) {
      for (const name of foldersAbove(entry.path)) {
        if (folders.has(name)) continue
        folders.add(name)
        await add(pack, { name, type: 'directory', mode: 0o755 })
      }
      if (entry.kind === 'folder') folders.add(entry.path)
      await addEntry(pack, entry)
    }
  })
  return { blob: packed.blob(`${MEDIA}.layer.v1.tar+zstd`), diffId: plain.blob('').digest }
}

/** Writes the content into a tar that `flow` transports. */
async function packInto(
  flow: (bytes: AsyncIterable<unknown>) => Promise<void>,
  fill: (pack: tar.Pack) => Promise<void>,
): Promise<void> {
  const pack = tar.pack()
  const filled = fill(pack).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  )
  await Promise.all([flow(pack), filled])
}

async function addEntry(pack: tar.Pack, entry: ImageEntry): Promise<void> {
  const { path: name, mode } = entry
  switch (entry.kind) {
    case 'file':
      return await addFile(pack, name, entry.from, mode)
    case 'text':
      return await addText(pack, name, entry.text, mode)
    case 'link':
      return await add(pack, { name, type: 'symlink', linkname: entry.to, mode })
    case 'folder':
      return await add(pack, { name, type: 'directory', mode })
  }
}

async function add(
  pack: tar.Pack,
  header: Partial<tar.Header> & { name: string },
  content?: Buffer,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    const full = { ...header, mtime: NO_TIME, uid: 0, gid: 0 }
    if (content === undefined) pack.entry(full, done)
    else pack.entry(full, content, done)
  })
}

async function addText(pack: tar.Pack, name: string, text: string | Buffer, mode = 0o644): Promise<void> {
  await add(pack, { name, type: 'file', mode }, Buffer.from(text))
}

async function addFile(pack: tar.Pack, name: string, from: string, mode: number): Promise<void> {
  const { size } = await stat(from)
  const header = { name, type: 'file' as const, mode, size, mtime: NO_TIME, uid: 0, gid: 0 }
  await pipeline(createReadStream(from), pack.entry(header))
}

function foldersAbove(file: string): readonly string[] {
  const parts = file.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

function blobOf(content: Buffer, mediaType: string): Blob {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { mediaType, digest, size: content.length }
}

function blobPath({ digest }: Blob): string {
  return path.posix.join('blobs', ...digest.split(':'))
}

/** Passes everything on, and computes its digest and length. */
class Digest extends Transform {
  readonly #hash = createHash('sha256')
  #size = 0

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk)
    this.#size += chunk.length
    done(null, chunk)
  }

  blob(mediaType: string): Blob {
    return { mediaType, digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size }
  }
}
