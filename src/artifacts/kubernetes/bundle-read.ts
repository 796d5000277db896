/**
 * Reads an air-gap bundle, which is untrusted. Accepts only regular files that its manifest names, each with the size
 * and the checksum in the manifest. In a tar, only the headers of regular files are used. No name in it becomes a path
 * on the workstation, no link is followed, and nothing is unpacked unless requested.
 */
import { type Hash, createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, constants, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { QuorateError } from '../../errors.ts'
import { openForReading } from '../../files/read-file.ts'
import {
  type BundleManifest,
  type BundlePart,
  MANIFEST_FILE,
  MOST_MANIFEST_BYTES,
  parseManifest,
  partsOf,
  pathOf,
  unsound,
} from './bundle-manifest.ts'

export interface Bundle extends AsyncDisposable {
  readonly manifest: BundleManifest
  /** Hex, of the manifest, which represents all content. */
  readonly manifestSha256: string
  /** Hex, of the tar, or of an unpacked bundle's manifest. Reads the whole tar. */
  sha256(signal: AbortSignal): Promise<string>
  /**
   * Reads a part to its end, and writes it to `target` (absolute path, must not exist) if there is one.
   *
   * @throws QuorateError `artifact` if it doesn't match the manifest
   */
  read(part: BundlePart, target: string | undefined, signal: AbortSignal): Promise<void>
}

const PIECE = 1 << 20

/** Where a file's bytes are. */
interface Extent {
  readonly offset: number
  readonly size: number
}

/**
 * @param location absolute path of a tar, or of a directory that one was unpacked into
 * @throws QuorateError `artifact` if it is missing or invalid
 */
export async function openBundle(location: string): Promise<Bundle> {
  const found = await stat(location).catch((error: unknown) => {
    throw QuorateError.from(error, 'artifact', `${location} can't be read`, {
      id: 'source-is-unreadable',
      hint: 'create a bundle at that path: quorate bundle create FILE',
    })
  })
  return found.isDirectory() ? await openFolder(location) : await openTar(location)
}

async function openTar(location: string): Promise<Bundle> {
  const handle = await openForReading(location, { code: 'artifact' })
  try {
    const extents = await extentsOf(handle, location)
    const [first] = extents
    if (first?.[0] !== MANIFEST_FILE) throw unsound(location, `its first file is not ${MANIFEST_FILE}`)
    const text = await readManifest(handle, first[1], location)
    const manifest = parseManifest(text, location)
    const parts = new Map(extents.slice(1))
    const wanted = new Set(partsOf(manifest).map(pathOf))
    const odd = [...parts.keys()].find((name) => !wanted.has(name))
    if (odd !== undefined || parts.size !== extents.length - 1)
      throw unsound(location, `it has files that its ${MANIFEST_FILE} does not name, or names once`)
    return {
      manifest,
      manifestSha256: createHash('sha256').update(text).digest('hex'),
      sha256: async (signal) => {
        const { size } = await handle.stat()
        return await copy({ handle, extent: { offset: 0, size } }, undefined, signal)
      },
      read: async (part, target, signal) => {
        const extent = parts.get(pathOf(part))
        if (extent === undefined) throw unsound(location, `${pathOf(part)} is missing`)
        await readPart(part, { handle, extent }, target, location, signal)
      },
      [Symbol.asyncDispose]: async () => await handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openFolder(location: string): Promise<Bundle> {
  await using handle = await openPlain(path.join(location, MANIFEST_FILE), location)
  const { size } = await handle.stat()
  const text = await readManifest(handle, { offset: 0, size }, location)
  const manifestSha256 = createHash('sha256').update(text).digest('hex')
  return {
    manifest: parseManifest(text, location),
    manifestSha256,
    sha256: async () => manifestSha256,
    read: async (part, target, signal) => {
      await using file = await openPlain(path.join(location, part.arch, part.name), location)
      const found = await file.stat()
      await readPart(
        part,
        { handle: file, extent: { offset: 0, size: found.size } },
        target,
        location,
        signal,
      )
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** A regular file, not a link to one. */
async function openPlain(file: string, origin: string): Promise<FileHandle> {
  // Without these flags, a named pipe would block; for a regular file, O_NONBLOCK has no effect.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(file, flags).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'is missing' : `can't be read (${error.code})`
    throw unsound(origin, `${path.relative(origin, file)} ${why}`)
  })
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw unsound(origin, `${path.relative(origin, file)} is not a file`)
}

async function readManifest(handle: FileHandle, { offset, size }: Extent, origin: string): Promise<string> {
  if (size > MOST_MANIFEST_BYTES) throw unsound(origin, `its ${MANIFEST_FILE} is too long`)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, offset)
  if (bytesRead < size) throw unsound(origin, 'it is truncated')
  return buffer.toString('utf8')
}

interface Source {
  readonly handle: FileHandle
  readonly extent: Extent
}

async function readPart(
  part: BundlePart,
  source: Source,
  target: string | undefined,
  origin: string,
  signal: AbortSignal,
): Promise<void> {
  const name = pathOf(part)
  if (source.extent.size !== part.sizeBytes)
    throw unsound(origin, `${name} is not as long as its manifest says`)
  const sha256 = await copy(source, target, signal)
  if (sha256 !== part.sha256)
    throw unsound(origin, `the SHA-256 of ${name} is ${sha256}, its manifest says ${part.sha256}`)
}

/** Returns the SHA-256 (hex) of what it copied. */
async function copy(source: Source, target: string | undefined, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const pieces = hashed(source, hash, signal)
  if (target === undefined) for await (const piece of pieces) void piece
  else await pipeline(pieces, createWriteStream(target, { mode: 0o600, flags: 'wx' }), { signal })
  return hash.digest('hex')
}

async function* hashed({ handle, extent }: Source, hash: Hash, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { offset, size } = extent
  for (let done = 0; done < size;) {
    signal.throwIfAborted()
    const wanted = Math.min(PIECE, size - done)
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, offset + done)
    // The file became shorter after it was opened: the checksum will differ.
    if (bytesRead === 0) return
    hash.update(buffer.subarray(0, bytesRead))
    yield buffer.subarray(0, bytesRead)
    done += bytesRead
  }
}

const BLOCK = 512
/** The manifest, and its parts. */
const MOST_FILES = 300

/** The position of each file in a tar. Only POSIX ustar without extensions, as `writeBundle` makes it, is accepted. */
async function extentsOf(
  handle: FileHandle,
  origin: string,
): Promise<readonly (readonly [string, Extent])[]> {
  const { size: total } = await handle.stat()
  const extents: [string, Extent][] = []
  for (let position = 0; ;) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BLOCK), 0, BLOCK, position)
    if (bytesRead < BLOCK) throw unsound(origin, 'it is truncated, or not a tar archive')
    if (buffer.every((byte) => byte === 0)) return extents
    const header = parseHeader(buffer, origin)
    const offset = position + BLOCK
    if (offset + header.size > total) throw unsound(origin, 'it is truncated')
    extents.push([header.name, { offset, size: header.size }])
    if (extents.length > MOST_FILES) throw unsound(origin, 'it has too many files')
    position = offset + Math.ceil(header.size / BLOCK) * BLOCK
  }
}

function parseHeader(block: Buffer, origin: string): { readonly name: string; readonly size: number } {
  const field = (start: number, length: number) =>
    block.toString('latin1', start, start + length).replace(/\0.*$/s, '')
  const octal = (start: number, length: number) => {
    const text = field(start, length).trim()
    return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
  }
  const name = field(0, 100)
  const size = octal(124, 12)
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (sum !== octal(148, 8) || field(257, 5) !== 'ustar')
    throw unsound(origin, 'it is damaged, or not a tar archive')
  // A bundle has no links, directories, devices or long names.
  if (
    field(156, 1) !== '0' ||
    field(345, 155) !== '' ||
    !/^[a-z0-9./-]{1,99}$/.test(name) ||
    Number.isNaN(size)
  )
    throw unsound(origin, 'it has an entry that is not a plain file')
  return { name, size }
}
