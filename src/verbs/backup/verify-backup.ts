/** Verifies one backup: reads and decrypts all of it, compares every checksum, and test-restores it on request. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type SideFile, parseSideFile } from '../../backup/bundle.ts'
import { parseBundleName, sideFileName } from '../../backup/names.ts'
import { type OpenedBackup, openBackup } from '../../backup/open.ts'
import { type Secret, isOtherSecret } from '../../backup/sealing.ts'
import type { BundleSigner, BundleTrust } from '../../backup/trusted.ts'
import type { IdOf } from '../../error-ids.ts'
import { QuorateError } from '../../errors.ts'
import { readSnapshotStatus, statusDifferences } from '../../etcd/snapshot-tool.ts'
import type { Signer } from '../../signing/ssh-keygen.ts'
import type { BackupStore, StoredFile } from '../../store/store.ts'
import { type DrillReport, drill } from './drill.ts'
import { recordProof, withdrawn } from './proven-record.ts'
import type { EtcdPrograms } from './scratch-etcd.ts'
import { inspectCaKey } from './verify-ca-key.ts'
import { counted } from '../../spec/units.ts'

export interface VerifyRequest extends BundleTrust {
  readonly store: BackupStore
  /** As the backup location lists it. */
  readonly file: StoredFile
  /** Called only if the backup is encrypted. */
  readonly secret: () => Promise<Secret>
  /** Whether to test-restore it. */
  readonly drill: boolean
  /** Signs the record of the test restore; called only for that. */
  readonly signer: () => Promise<Signer>
  /** etcd's programs that can read or restore a snapshot of that version. */
  readonly programs: (version: string, to: 'read' | 'restore') => Promise<EtcdPrograms>
  /** Absolute path of a directory with space for the whole keyspace; for a test restore, twice as much. */
  readonly workDirectory: string
  readonly now: () => Date
  readonly signal: AbortSignal
  /** What is being done, and the progress in bytes of the bundle. */
  readonly onProgress?: ((text: string, doneBytes?: number, totalBytes?: number) => void) | undefined
}

export interface VerifyReport extends Pick<SideFile, 'about' | 'proof'> {
  readonly name: string
  readonly sizeBytes: number
  /** Hex, of the bundle as stored. */
  readonly sha256: string
  readonly encrypted: boolean
  readonly caKey: boolean
  /** undefined: not signed, or the signature could not be checked. The caller accepted that, and a note says so. */
  readonly signer: BundleSigner | undefined
  /** undefined: not requested. */
  readonly drill: DrillReport | undefined
  /** Oddities that do not affect the content. */
  readonly notes: readonly string[]
}

/**
 * Records a successful test restore next to the bundle. If a later one fails, removes that record.
 * @throws QuorateError `backup` with the difference and what it means; `signature`: not signed by a trusted key;
 *   `store`; `state`: no space on this disk; `artifact`; `cancelled`
 */
export async function verifyBackup(request: VerifyRequest): Promise<VerifyReport> {
  try {
    return await verify(request)
  } catch (error) {
    if (!isAboutIt(error) || isOtherSecret(error)) throw error
    throw await withdrawn(request, error, async ({ sha256 }) => (await sumInStore(request)) !== sha256)
  }
}

/** Whether the cause is the backup itself, not the backup location or this workstation. */
export function isAboutIt(error: unknown): error is QuorateError {
  return error instanceof QuorateError && ['backup', 'signature'].includes(error.code)
}

async function verify(request: VerifyRequest): Promise<VerifyReport> {
  const { store, file, signal, onProgress } = request
  const { name } = file
  const sideText = await store.read(sideFileName(name), signal)
  const read = new Reading(file, (done) => onProgress?.(`reading ${name}`, done, file.sizeBytes))
  const notes: string[] = []
  const acceptUnsigned: BundleTrust['acceptUnsigned'] =
    request.acceptUnsigned &&
    (async (unvouched) => {
      await request.acceptUnsigned?.(unvouched)
      notes.push(`its origin is not verified: ${unvouched.why}`)
    })
  const { workDirectory, secret, signers } = request
  await using backup = await openBackup(
    { name, data: read.through(await store.get(name, { signal })) },
    { workDirectory, secret, signal, signers, acceptUnsigned },
  )
  const { about, proof } = backup
  if (about === undefined || proof === undefined)
    throw differs(name, { why: 'it is a bare snapshot with the name of a backup' })
  const sha256 = read.finish()
  requireOwnName(name, about)
  if (sideText === undefined) {
    notes.push('its side file is missing: only the contents of the bundle were compared')
  } else {
    const side = parseSideFile(sideText)
    if (side === undefined) throw differs(name, { why: 'its side file is damaged; the bundle is intact' })
    requireSame(name, side, { backup, sha256, sizeBytes: file.sizeBytes })
  }
  const odd = await inspectCaKey(backup)
  if (odd !== undefined) notes.push(odd)
  onProgress?.(`reading the snapshot of ${name} with etcdutl`)
  const programs = await request.programs(about.etcdVersion, request.drill ? 'restore' : 'read')
  requireStatus(name, proof, await readSnapshotStatus(programs.tool, backup.snapshotFile, signal))
  let drilled: DrillReport | undefined
  if (request.drill) {
    onProgress?.(`test-restoring ${name} with etcd ${programs.version}`)
    const { snapshotFile, sizeBytes } = backup
    const work = { ...request, name, about, proof, snapshotFile, sizeBytes, programs }
    drilled = await drill(work).catch(async (error: unknown) => {
      if (!(error instanceof QuorateError) || error.code !== 'backup') throw error
      throw await withdrawn(request, error, async () => true)
    })
    await recordProof(request, drilled, { sha256, signer: await request.signer() })
  }
  return {
    name,
    sizeBytes: file.sizeBytes,
    sha256,
    encrypted: backup.secret !== undefined,
    caKey: backup.caKeySealed !== undefined,
    signer: backup.signer,
    about,
    proof,
    drill: drilled,
    notes,
  }
}

/** Hashes the stream, and knows whether all of it was read. */
class Reading {
  readonly #file: StoredFile
  readonly #onBytes: (doneBytes: number) => void
  readonly #hash = createHash('sha256')
  #bytes = 0

  constructor(file: StoredFile, onBytes: (doneBytes: number) => void) {
    this.#file = file
    this.#onBytes = onBytes
  }

  async *through(data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of data) {
      this.#hash.update(piece)
      this.#bytes += piece.length
      this.#onBytes(this.#bytes)
      yield piece
    }
  }

  /** Hex. @throws QuorateError `backup` if the stored file is longer than the bundle */
  finish(): string {
    const { name, sizeBytes } = this.#file
    if (this.#bytes === sizeBytes) return this.#hash.digest('hex')
    throw differs(name, {
      why: `it ends after ${counted(this.#bytes, 'byte')}, but the stored file has ${sizeBytes}`,
    })
  }
}

function requireOwnName(name: string, about: SideFile['about']): void {
  const said = parseBundleName(name)
  if (said === undefined) return
  // The names of early bundles have a resolution of one second.
  const laterMs = Date.parse(about.takenAt) - said.takenAt.getTime()
  const same =
    said.cluster === about.cluster &&
    laterMs >= 0 &&
    laterMs < 1000 &&
    said.revision === BigInt(about.readRevision)
  if (same) return
  const inside = `a backup of ${about.cluster} of ${about.takenAt}, revision ${about.readRevision}`
  throw differs(name, { why: `it contains ${inside}: it has the name of another backup` })
}

function requireSame(
  name: string,
  side: SideFile,
  { backup, sha256, sizeBytes }: { backup: OpenedBackup; sha256: string; sizeBytes: number },
): void {
  const { about, proof, caKeySealed, kubernetesKeysSealed, secret } = backup
  const pairs: readonly [string, unknown, unknown][] = [
    ["the bundle's size", side.bundle.sizeBytes, sizeBytes],
    ["the bundle's checksum", side.bundle.sha256, sha256],
    ['when and where it was taken', side.about, about],
    ['the recorded figures of the keyspace', side.proof, proof],
    ['the CA key', side.caKey, caKeySealed !== undefined],
    ["Kubernetes' keys", side.kubernetesKeys === true, kubernetesKeysSealed !== undefined],
    ['how it is encrypted', side.sealed, secret === undefined ? 'plaintext' : sealedWith(secret)],
  ]
  const wrong = pairs.flatMap(([what, beside, inside]) => (isDeepStrictEqual(beside, inside) ? [] : [what]))
  if (wrong.length === 0) return
  throw differs(name, {
    id: 'side-file-differs',
    why: `its side file and the bundle differ in: ${wrong.join('; ')}. One of the two was changed later; the bundle's own checksums match`,
  })
}

function sealedWith({ kind }: Secret): SideFile['sealed'] {
  return kind === 'passphrase' ? 'passphrase' : 'recipients'
}

function requireStatus(
  name: string,
  { status: recorded }: SideFile['proof'],
  found: SideFile['proof']['status'],
): void {
  const wrong = statusDifferences(recorded, found)
  if (wrong.length === 0) return
  throw differs(name, {
    why: `etcdutl reads other figures in its snapshot than were recorded: ${wrong.join('; ')}`,
  })
}

async function sumInStore({ store, file, signal }: VerifyRequest): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of await store.get(file.name, { signal })) hash.update(piece)
  return hash.digest('hex')
}

function differs(
  name: string,
  { id, why }: { readonly id?: IdOf<'backup'>; readonly why: string },
): QuorateError {
  return new QuorateError('backup', `backup ${name} is corrupt: ${why}`, {
    id,
    hint: 'take another backup, and check the others: quorate backup list',
  })
}
