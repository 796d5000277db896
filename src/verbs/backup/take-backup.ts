/**
 * Takes one backup from the best voting member, checks and seals it. The backup location gets a complete backup or
 * none. Needs neither a session nor SSH, so that a node can run it by itself.
 */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import path from 'node:path'
import type { About, Proof, SideFile } from '../../backup/bundle.ts'
import { bundleName, sideFileName } from '../../backup/names.ts'
import type { Sealing } from '../../backup/sealing.ts'
import { gather } from '../../backup/gather.ts'
import { workFolder } from '../../backup/work-folder.ts'
import { requireRoom } from '../../etcd/room.ts'
import { writeBundle } from '../../backup/write.ts'
import type { Signer } from '../../signing/ssh-keygen.ts'
import { inFull, QuorateError } from '../../errors.ts'
import type { MemberClient } from '../../etcd/client.ts'
import { KV } from '../../etcd/gen/kv_pb.ts'
import { utf8 } from '../../etcd/keys.ts'
import { streamSnapshotAside } from '../../etcd/snapshot-thread.ts'
import type { SnapshotTool } from '../../etcd/snapshot-tool.ts'
import { type ReachableMember, formatId, readClusterView } from '../../etcd/view.ts'
import type { BackupStore } from '../../store/store.ts'
import { backupSources } from '../../backup/source-member.ts'
import { type OnSnapshot, SnapshotCopy } from './snapshot-copy.ts'
import { proveSnapshot } from './snapshot-proof.ts'

/** Extra space to leave free on this disk, in bytes. */
const MARGIN_BYTES = 64 * 1024 ** 2

export interface BackupRequest {
  readonly cluster: { readonly name: string; readonly nodes: About['nodes'] }
  /** Clients of all members: quorate chooses the best one. */
  readonly clients: readonly MemberClient[]
  /** The text of the cluster file. */
  readonly clusterFile: string
  readonly trustPem: string
  /** Encrypted for the same recipients as the bundle; undefined: not in the bundle. */
  readonly caKeySealed: Uint8Array | undefined
  /** The same for Kubernetes' CAs and keys. */
  readonly kubernetesKeysSealed?: Uint8Array | undefined
  readonly sealing: Sealing
  /** Signs the backup. */
  readonly signer: Signer
  readonly store: BackupStore
  /** etcd's own tool, of the cluster's version. */
  readonly tool: SnapshotTool
  /**
   * Absolute path of a directory with space for the whole keyspace. A private directory is created in it, and removed
   * afterwards.
   */
  readonly workDirectory: string
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly onProgress?: OnSnapshot | undefined
  /** Receives each member that could not be used, and why. */
  readonly onWarning?: ((member: string, text: string) => void) | undefined
}

export interface BackupReport extends SideFile {
  /** Its name in the backup location. */
  readonly name: string
  readonly store: string
}

/**
 * @throws QuorateError `unhealthy`: no voting member can be used (each with its reason), or the snapshot is damaged;
 *   `store`; `state`: no space on this disk; `etcd`; `cancelled`. In all cases nothing is left, locally or in the
 *   backup location.
 */
export async function takeBackup(request: BackupRequest): Promise<BackupReport> {
  const { clients, signal } = request
  const { sources, refused } = backupSources(await readClusterView(clients, signal))
  const troubles = [...refused]
  for (const source of sources) {
    const client = clients.find(({ name }) => name === source.name)
    if (client === undefined) continue
    try {
      return await takeFrom(client, source, request)
    } catch (error) {
      // Another member may succeed where this one failed. A fault of the backup location or of this workstation affects
      // all of them.
      if (!(error instanceof QuorateError) || !['etcd', 'unhealthy'].includes(error.code)) throw error
      request.onWarning?.(source.name, inFull(error))
      troubles.push(`${source.name}: ${inFull(error)}`)
    }
  }
  throw new QuorateError('unhealthy', `can't back up any member:\n${troubles.join('\n')}`, {
    id: 'no-member-to-back-up',
    hint: 'check the cluster: quorate status (existing backups are unchanged)',
  })
}

async function takeFrom(
  client: MemberClient,
  source: ReachableMember,
  request: BackupRequest,
): Promise<BackupReport> {
  const { cluster, store, sealing, signal } = request
  // A linearizable read: the member answers only once it has applied everything that was acknowledged before.
  const read = await client.call(KV.method.range, { key: utf8('health'), countOnly: true }, { signal })
  const readRevision = read.header?.revision ?? 0n
  const takenAt = request.now()
  const about: About = {
    format: 1,
    cluster: cluster.name,
    clusterId: formatId(source.clusterId),
    takenAt: takenAt.toISOString(),
    member: source.name,
    etcdVersion: source.version,
    nodes: cluster.nodes,
    readRevision: `${readRevision}`,
  }
  const name = bundleName(cluster.name, takenAt, readRevision, sealing.kind !== 'plaintext')
  await using folder = await workFolder(request.workDirectory)
  await requireRoom(folder.path, source.dbSizeBytes, 'to check a snapshot')
  const file = path.join(folder.path, 'snapshot.db')
  const pieces = streamSnapshotAside(client, signal)
  try {
    await using handle = await open(file, 'wx', 0o600)
    const copy = new SnapshotCopy(client.name, pieces, handle, request.onProgress)
    const totalBytes = await copy.begin()
    let proof: Proof | undefined
    const prove = async () => {
      proof = await proveSnapshot(client, file, copy.sum, request)
      if (BigInt(proof.status.revision) >= readRevision) return proof
      const message = `snapshot is too old: it ends with revision ${proof.status.revision}, but revision ${readRevision} was read before`
      throw new QuorateError('unhealthy', message, { host: client.name })
    }
    const { clusterFile, trustPem, caKeySealed, kubernetesKeysSealed, signer } = request
    const bundle = await writeBundle(
      {
        name,
        about,
        clusterFile,
        trustPem,
        caKeySealed,
        kubernetesKeysSealed,
        snapshot: {
          sizeBytes: totalBytes,
          pieces: copy.pieces(),
          fileSha256: () => copy.sum.fileSha256,
        },
        prove,
        signer,
      },
      sealing,
    )
    const hash = createHash('sha256')
    const { sizeBytes } = await store.put(
      name,
      hashed(sealing.kind === 'plaintext' ? bundle : gather(bundle), hash),
      {
        expectedBytes: totalBytes + MARGIN_BYTES,
        signal,
      },
    )
    if (proof === undefined) throw new TypeError('a bundle that is whole has a proof')
    const side: SideFile = {
      about,
      proof,
      sealed: sealing.kind,
      recipients: sealing.kind === 'recipients' ? [...sealing.recipients] : [],
      caKey: caKeySealed !== undefined,
      ...(kubernetesKeysSealed === undefined ? {} : { kubernetesKeys: true }),
      bundle: { sizeBytes, sha256: hash.digest('hex') },
    }
    await store.write(sideFileName(name), `${JSON.stringify(side, undefined, 2)}\n`, signal)
    return { name, store: store.title, ...side }
  } finally {
    await pieces.return({ sizeBytes: 0, sha256: '', fileSha256: '' })
  }
}

async function* hashed(
  data: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of data) {
    hash.update(piece)
    yield piece
  }
}
