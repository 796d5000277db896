/**
 * Opens a backup on this workstation: decrypts it, unpacks it into a private directory, and checks every checksum and
 * the signature.
 */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import tar from 'tar-stream'
import { QuorateError } from '../errors.ts'
import { type About, ENTRIES, type Proof, aboutSchema, proofSchema } from './bundle.ts'
import { BARE, isBare } from './bare-head.ts'
import { type Secret, isSealed, unseal } from './sealing.ts'
import { requireRoom } from '../etcd/room.ts'
import { damaged } from './damaged.ts'
import { MANIFEST, SIGNATURE, contradiction } from './manifest.ts'
import { SnapshotSummer, type SummedSnapshot } from './snapshot-sum.ts'
import { type BundleSigner, type BundleTrust, requireTrusted, untrusted } from './trusted.ts'
import { workFolder } from './work-folder.ts'

/** Of all entries except the snapshot, which are held in memory: a real bundle has less. */
const MAX_TEXT_BYTES = 16 * 1024 ** 2
/** A real bundle has fewer entries. */
const MAX_ENTRIES = 32
const ZSTD_MAGIC = Buffer.from('28b52ffd', 'hex')

export interface BackupData {
  /** For messages: `prod-20261122T120000.512Z-r42.bundle.age`. */
  readonly name: string
  readonly data: AsyncIterable<Uint8Array>
}

export interface OpenOptions extends BundleTrust {
  /** Absolute path of a directory on a disk with enough space: a private directory is created in it. */
  readonly workDirectory: string
  /** Called only if the backup is encrypted. */
  readonly secret: () => Promise<Secret>
  readonly signal?: AbortSignal | undefined
}

/** A backup or a bare snapshot. Of a bare snapshot, only its content is known. */
export interface OpenedBackup extends AsyncDisposable {
  readonly name: string
  readonly about: About | undefined
  readonly proof: Proof | undefined
  /** The text of the cluster file. */
  readonly clusterFile: string | undefined
  readonly trustPem: string | undefined
  /** Open it with `unseal` and the same secret. */
  readonly caKeySealed: Uint8Array | undefined
  /** Kubernetes' CAs and keys: open them like the CA's key. */
  readonly kubernetesKeysSealed?: Uint8Array | undefined
  /** Whose signature was checked; undefined: unsigned, and the caller accepted that. */
  readonly signer: BundleSigner | undefined
  /** What opened it; undefined: it was not encrypted. */
  readonly secret: Secret | undefined
  /**
   * Absolute path of the snapshot: a copy with mode 600, deleted on disposal, or the file that was given. Compare the
   * checksum of a given file again before you read it later.
   */
  readonly snapshotFile: string
  /** With etcd's checksum at its end. */
  readonly sizeBytes: number
  /** Hex, without that checksum: already compared, unless `compared` is set. */
  readonly sha256: string
  /**
   * The comparison that is still running, for a file that was given. Rejects with QuorateError `backup` if it is
   * damaged.
   */
  readonly compared?: Promise<void> | undefined
}

/**
 * Leaves no files behind if it throws.
 *
 * @throws QuorateError `backup`: not a backup, damaged, or encrypted for another secret. `signature`: not signed by an
 *   allowed signer. `state`: not enough space on this workstation.
 */
export async function openBackup({ name, data }: BackupData, options: OpenOptions): Promise<OpenedBackup> {
  const { workDirectory, signal } = options
  const folder = await workFolder(workDirectory)
  const dispose = async () => await folder[Symbol.asyncDispose]()
  const target: Target = { ...options, name, file: path.join(folder.path, 'snapshot.db'), signal }
  try {
    const { head, whole } = await peek(data)
    const sealed = isSealed(head)
    const secret = sealed ? await options.secret() : undefined
    const plain =
      secret === undefined ? { head, whole } : await peek(await unseal(secret, whole, `the backup ${name}`))
    const found = await unpack(plain.head, plain.whole, target)
    return { name, secret, snapshotFile: target.file, ...found, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

interface Target extends BundleTrust {
  readonly name: string
  readonly file: string
  readonly signal: AbortSignal | undefined
}

type Found = Omit<OpenedBackup, 'name' | 'secret' | 'snapshotFile' | 'compared' | typeof Symbol.asyncDispose>

async function unpack(head: Buffer, whole: AsyncIterable<Uint8Array>, target: Target): Promise<Found> {
  if (head.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)) return await unpackBundle(whole, target)
  if (isBare(head)) {
    const snapshot = await saveSnapshot(whole, target)
    // A bare snapshot can't be signed.
    await requireTrusted(
      { name: target.name, manifest: undefined, signature: undefined, sums: new Map() },
      target,
      {
        folder: path.dirname(target.file),
        signal: target.signal,
      },
    )
    return { ...BARE, ...snapshot }
  }
  throw damaged(target.name, 'it is neither a backup of quorate nor a snapshot of etcd', {
    id: 'not-a-backup',
  })
}

async function unpackBundle(whole: AsyncIterable<Uint8Array>, target: Target): Promise<Found> {
  const { name, file, signal } = target
  const { texts, snapshot } = await unpackEntries(whole, target)
  const sums = new Map(
    [...texts].map(([entry, text]) => [entry, createHash('sha256').update(text).digest('hex')]),
  )
  if (snapshot !== undefined) sums.set(ENTRIES.snapshot, snapshot.fileSha256)
  const [manifest, signature] = [texts.get(MANIFEST), texts.get(SIGNATURE)]
  for (const own of [MANIFEST, SIGNATURE]) sums.delete(own)
  const folder = path.dirname(file)
  // Before anything in it is read: an attacker may have written it.
  const trusted = await requireTrusted({ name, manifest, signature, sums }, target, { folder, signal })
  const about = read(texts.get(ENTRIES.about), aboutSchema, name, ENTRIES.about)
  const wrong = trusted && contradiction(trusted.manifest, about)
  if (wrong !== undefined)
    throw untrusted(name, {
      id: 'another-description-than-signed',
      why: `its ${wrong} is another one than was signed`,
    })
  const proof = read(texts.get(ENTRIES.proof), proofSchema, name, ENTRIES.proof)
  const clusterFile = texts.get(ENTRIES.clusterFile)?.toString('utf8')
  const trustPem = texts.get(ENTRIES.trust)?.toString('utf8')
  if (snapshot === undefined || clusterFile === undefined || trustPem === undefined)
    throw damaged(name, 'a part of it is missing')
  if (snapshot.sha256 !== proof.sha256)
    throw damaged(name, 'its snapshot is not the one that was recorded', { id: 'snapshot-is-another-one' })
  const caKeySealed = texts.get(ENTRIES.caKey)
  const kubernetesKeysSealed = texts.get(ENTRIES.kubernetesKeys)
  const sealed = { caKeySealed, kubernetesKeysSealed }
  return { about, proof, clusterFile, trustPem, ...sealed, signer: trusted?.signer, ...snapshot }
}

interface Entries {
  /** By name, all except the snapshot. */
  readonly texts: ReadonlyMap<string, Buffer>
  readonly snapshot: SummedSnapshot | undefined
}

async function unpackEntries(whole: AsyncIterable<Uint8Array>, target: Target): Promise<Entries> {
  const { name, signal } = target
  const archive = tar.extract()
  const feeding = pipeline(Readable.from(whole, { objectMode: false }), createZstdDecompress(), archive, {
    signal,
  })
  // The loop below gets its failure as well. This only keeps it from being reported as unhandled before then.
  feeding.catch(() => undefined)
  const texts = new Map<string, Buffer>()
  let textBytes = 0
  let snapshot: SummedSnapshot | undefined
  try {
    for await (const entry of archive) {
      const { name: entryName, size, type } = entry.header
      const known = entryName === ENTRIES.snapshot ? snapshot !== undefined : texts.has(entryName)
      if (known || type !== 'file' || texts.size >= MAX_ENTRIES) throw odd(name, entryName)
      if (entryName === ENTRIES.snapshot) {
        await requireRoom(path.dirname(target.file), size, 'to open the backup')
        snapshot = await saveSnapshot(entry as AsyncIterable<Uint8Array>, target)
        continue
      }
      textBytes += size
      if (textBytes > MAX_TEXT_BYTES) throw odd(name, entryName)
      const pieces: Uint8Array[] = []
      for await (const piece of entry as AsyncIterable<Uint8Array>) pieces.push(piece)
      texts.set(entryName, Buffer.concat(pieces))
    }
    await feeding
    return { texts, snapshot }
  } catch (error) {
    archive.destroy()
    if (error instanceof QuorateError) throw error
    signal?.throwIfAborted()
    throw damaged(name, error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function odd(name: string, entry: string): QuorateError {
  return damaged(name, `an odd entry ${JSON.stringify(entry.slice(0, 100))}`)
}

/** @throws QuorateError `backup` if etcd's checksum at its end doesn't match what precedes it */
async function saveSnapshot(
  data: AsyncIterable<Uint8Array>,
  { name, file, signal }: Target,
): Promise<SummedSnapshot> {
  const sum = new SnapshotSummer()
  await using handle = await open(file, 'wx', 0o600)
  for await (const piece of data) {
    signal?.throwIfAborted()
    await handle.writeFile(piece)
    sum.update(piece)
  }
  return sum.finish(name)
}

/** Returns the first bytes, and still the complete data. */
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
    throw damaged(name, `its ${entry} can't be read`, { cause: error })
  }
  const { success, data } = schema.safeParse(value)
  if (success && data !== undefined) return data
  throw damaged(name, `its ${entry} is not as this quorate writes it; a newer one may have made it`)
}
