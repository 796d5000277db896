/** Opens a backup on this computer: decrypted, unpacked into a private folder, and every sum of it checked. */
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import tar from 'tar-stream'
import { QuorateError } from '../errors.ts'
import { SUM_BYTES } from '../etcd/snapshot-stream.ts'
import { type About, ENTRIES, type Proof, aboutSchema, proofSchema } from './bundle.ts'
import { type Secret, isSealed, unseal } from './sealing.ts'
import { requireRoom } from '../etcd/room.ts'
import { workFolder } from './work-folder.ts'

/** Of all entries but the snapshot: more is no bundle. */
const MAX_TEXT_BYTES = 16 * 1024 ** 2
const ZSTD_MAGIC = Buffer.from('28b52ffd', 'hex')
/** bbolt's, in the first meta page, behind its header of 16 bytes; in the machine's byte order. */
const BOLT_MAGIC = Buffer.from('edda0ced', 'hex')
const PAGE_HEADER_BYTES = 16

export interface BackupData {
  /** For messages: `prod-20261122T120000Z-r42.bundle.age`. */
  readonly name: string
  readonly data: AsyncIterable<Uint8Array>
  /** Absolute path of the regular file that the data is read from: a bare snapshot then stays there and is not copied. */
  readonly file?: string | undefined
}

export interface OpenOptions {
  /** Absolute path of a folder on a disk with room: a private one is made in it. */
  readonly workDirectory: string
  /** Asked only where it is encrypted. */
  readonly secret: () => Promise<Secret>
  readonly signal?: AbortSignal | undefined
}

/** A backup, or a bare snapshot: of that one nothing is known but what is in it. */
export interface OpenedBackup extends AsyncDisposable {
  readonly name: string
  readonly about: About | undefined
  readonly proof: Proof | undefined
  /** The text of the cluster file. */
  readonly clusterFile: string | undefined
  readonly trustPem: string | undefined
  /** To be opened with `unseal` and the same secret. */
  readonly caKeySealed: Uint8Array | undefined
  /** What opened it; undefined: it was not encrypted. */
  readonly secret: Secret | undefined
  /**
   * Absolute path of the snapshot: mode 600, gone when this is disposed of; or the file that was given. Whoever uses that
   * one compares its sum again.
   */
  readonly snapshotFile: string
  /** With etcd's sum at its end. */
  readonly sizeBytes: number
  /** Hex, without that sum: it has been compared. */
  readonly sha256: string
}

/**
 * @throws QuorateError `backup`: not a backup, damaged, or not to be opened with this secret; `state`: no room here.
 *   Nothing is left then.
 */
export async function openBackup(
  { name, data, file }: BackupData,
  options: OpenOptions,
): Promise<OpenedBackup> {
  const { workDirectory, signal } = options
  const folder = await workFolder(workDirectory)
  const dispose = async () => await folder[Symbol.asyncDispose]()
  const target: Target = { name, file: path.join(folder.path, 'snapshot.db'), given: file, signal }
  try {
    const { head, whole } = await peek(data)
    const sealed = isSealed(head)
    const secret = sealed ? await options.secret() : undefined
    const plain =
      secret === undefined ? { head, whole } : await peek(await unseal(secret, whole, `the backup ${name}`))
    const found = await unpack(plain.head, plain.whole, target)
    return { name, secret, ...found, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

interface Target {
  readonly name: string
  readonly file: string
  readonly given: string | undefined
  readonly signal: AbortSignal | undefined
}

type Found = Pick<
  OpenedBackup,
  'about' | 'proof' | 'clusterFile' | 'trustPem' | 'caKeySealed' | 'snapshotFile' | 'sizeBytes' | 'sha256'
>

const BARE = {
  about: undefined,
  proof: undefined,
  clusterFile: undefined,
  trustPem: undefined,
  caKeySealed: undefined,
}

async function unpack(head: Buffer, whole: AsyncIterable<Uint8Array>, target: Target): Promise<Found> {
  if (head.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)) return await unpackBundle(whole, target)
  const magic = head.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + BOLT_MAGIC.length)
  if (magic.equals(BOLT_MAGIC)) {
    if (target.given === undefined) return { ...BARE, ...(await saveSnapshot(whole, target)) }
    return { ...BARE, ...(await checkSnapshot(whole, target.given, target)) }
  }
  throw damaged(target.name, 'it is neither a backup of quorate nor a snapshot of etcd')
}

async function unpackBundle(whole: AsyncIterable<Uint8Array>, target: Target): Promise<Found> {
  const { name, signal } = target
  const archive = tar.extract()
  const feeding = pipeline(Readable.from(whole, { objectMode: false }), createZstdDecompress(), archive, {
    signal,
  })
  // Its failure reaches the loop below as well; this only keeps it from counting as unhandled before then.
  feeding.catch(() => undefined)
  const texts = new Map<string, Buffer>()
  let snapshot: Pick<Found, 'snapshotFile' | 'sizeBytes' | 'sha256'> | undefined
  try {
    for await (const entry of archive) {
      const { name: entryName, size } = entry.header
      if (entryName === ENTRIES.snapshot) {
        await requireRoom(path.dirname(target.file), size, 'to open the backup')
        snapshot = await saveSnapshot(entry as AsyncIterable<Uint8Array>, target)
      } else if (size <= MAX_TEXT_BYTES) {
        const pieces: Uint8Array[] = []
        for await (const piece of entry as AsyncIterable<Uint8Array>) pieces.push(piece)
        texts.set(entryName, Buffer.concat(pieces))
      } else throw damaged(name, `an odd entry ${JSON.stringify(entryName)}`)
    }
    await feeding
  } catch (error) {
    archive.destroy()
    if (error instanceof QuorateError) throw error
    signal?.throwIfAborted()
    throw damaged(name, error instanceof Error ? error.message : String(error), error)
  }
  const about = read(texts.get(ENTRIES.about), aboutSchema, name, ENTRIES.about)
  const proof = read(texts.get(ENTRIES.proof), proofSchema, name, ENTRIES.proof)
  const clusterFile = texts.get(ENTRIES.clusterFile)?.toString('utf8')
  const trustPem = texts.get(ENTRIES.trust)?.toString('utf8')
  if (snapshot === undefined || clusterFile === undefined || trustPem === undefined)
    throw damaged(name, 'a part of it is missing')
  if (snapshot.sha256 !== proof.sha256) throw damaged(name, 'its snapshot is not the one that was recorded')
  return { about, proof, clusterFile, trustPem, caKeySealed: texts.get(ENTRIES.caKey), ...snapshot }
}

/** @throws QuorateError `backup` if etcd's sum at its end is not that of what precedes it */
async function saveSnapshot(
  data: AsyncIterable<Uint8Array>,
  target: Target,
): Promise<Pick<Found, 'snapshotFile' | 'sizeBytes' | 'sha256'>> {
  const { file, signal } = target
  const sum = new SnapshotHash()
  await using handle = await open(file, 'wx', 0o600)
  for await (const piece of data) {
    signal?.throwIfAborted()
    await handle.writeFile(piece)
    sum.update(piece)
  }
  return { snapshotFile: file, ...sumOf(sum, target) }
}

/** The same without a copy. @throws also if the file changed meanwhile */
async function checkSnapshot(
  data: AsyncIterable<Uint8Array>,
  file: string,
  target: Target,
): Promise<Pick<Found, 'snapshotFile' | 'sizeBytes' | 'sha256'>> {
  const sum = new SnapshotHash()
  for await (const piece of data) {
    target.signal?.throwIfAborted()
    sum.update(piece)
  }
  const found = sumOf(sum, target)
  const { size } = await stat(file)
  if (size === found.sizeBytes) return { snapshotFile: file, ...found }
  throw damaged(target.name, 'it changed while it was read')
}

function sumOf(sum: SnapshotHash, { name }: Target): Pick<Found, 'sizeBytes' | 'sha256'> {
  const { sizeBytes, tail } = sum
  const sha256 = sum.digest()
  if (tail.toString('hex') === sha256) return { sizeBytes, sha256 }
  throw damaged(name, "its snapshot's sum does not match: it was cut off or changed")
}

/** SHA-256 of all but the last bytes, which are etcd's sum of the others. */
class SnapshotHash {
  readonly #hash = createHash('sha256')
  tail: Buffer = Buffer.alloc(0)
  sizeBytes = 0

  update(piece: Uint8Array): void {
    this.sizeBytes += piece.length
    const body = Math.max(0, piece.length - SUM_BYTES)
    const after = Buffer.concat([this.tail, piece.subarray(body)])
    const known = Math.max(0, after.length - SUM_BYTES)
    if (body === 0) {
      this.#hash.update(after.subarray(0, known))
    } else {
      this.#hash.update(this.tail)
      this.#hash.update(piece.subarray(0, body))
    }
    this.tail = after.subarray(known)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** The first bytes, and all of it nevertheless. */
async function peek(
  data: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; whole: AsyncIterable<Uint8Array> }> {
  const pieces = data[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (head.length < 64) {
    const next = await pieces.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  const whole = async function* () {
    try {
      yield head
      for (;;) {
        const next = await pieces.next()
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await pieces.return?.()
    }
  }
  return { head, whole: whole() }
}

function read<T>(
  text: Buffer | undefined,
  schema: { readonly safeParse: (value: unknown) => { success: boolean; data?: T } },
  name: string,
  entry: string,
): T {
  let value: unknown
  try {
    value = JSON.parse(text?.toString('utf8') ?? '')
  } catch (error) {
    throw damaged(name, `its ${entry} can't be read`, error)
  }
  const { success, data } = schema.safeParse(value)
  if (success && data !== undefined) return data
  throw damaged(name, `its ${entry} is not as this quorate writes it; a newer one may have made it`)
}

function damaged(name: string, why: string, cause?: unknown): QuorateError {
  return new QuorateError('backup', `the backup ${name} is damaged: ${why}`, {
    hint: 'nothing was changed anywhere; `quorate backup list` has the others',
    cause,
  })
}
