/** Test restore of a backup: starts a temporary etcd on it, and compares it with what was recorded. */
import type { About, Proof } from '../../backup/bundle.ts'
import { workFolder } from '../../backup/work-folder.ts'
import { QuorateError } from '../../errors.ts'
import type { MemberClient } from '../../etcd/client.ts'
import { failureKind } from '../../etcd/failure.ts'
import { KV } from '../../etcd/gen/kv_pb.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import { type DrillCheck, type DrillFindings, compareDrill } from './drill-compare.ts'
import { type EtcdPrograms, startScratchEtcd } from './scratch-etcd.ts'

export interface DrillRequest {
  /** For messages: the backup's name. */
  readonly name: string
  readonly about: About
  readonly proof: Proof
  /** Absolute path of the snapshot, which ends with etcd's checksum. */
  readonly snapshotFile: string
  readonly sizeBytes: number
  readonly programs: EtcdPrograms
  /** Absolute path of a directory with enough space. A private directory is created in it, and removed afterwards. */
  readonly workDirectory: string
  readonly now: () => Date
  readonly signal: AbortSignal
}

export interface DrillReport {
  /** Version of the etcd that the backup was restored with. */
  readonly etcdVersion: string
  readonly checks: readonly DrillCheck[]
}

/** @throws QuorateError `backup` with everything that differs; as `startScratchEtcd` */
export async function drill(request: DrillRequest): Promise<DrillReport> {
  const { name, about, proof, programs, workDirectory, signal } = request
  await using folder = await workFolder(workDirectory)
  await using etcd = await startScratchEtcd({ ...request, folder: folder.path })
  const found = await lookInto(etcd.client, proof, programs.version, signal)
  const checks = compareDrill(proof, about.etcdVersion, found)
  const different = checks.filter(({ outcome }) => outcome === 'different')
  if (different.length === 0) return { etcdVersion: programs.version, checks }
  const lines = different.map(
    ({ what, recorded, found: there, why }) => `${what}: recorded ${recorded}, restored ${there}: ${why}`,
  )
  throw new QuorateError(
    'backup',
    `test restore of ${name} failed: restored data differs from the backed up data:\n${lines.join('\n')}`,
    {
      hint: 'do not rely on this backup: its checksums match, so it was wrong when it was taken. Take and test another one now, and compare the members: quorate status',
    },
  )
}

/** A range from the zero byte on covers all keys. */
const ALL = { key: new Uint8Array(1), rangeEnd: new Uint8Array(1), countOnly: true }

async function lookInto(
  client: MemberClient,
  { status, hashKv }: Proof,
  etcdVersion: string,
  signal: AbortSignal,
): Promise<DrillFindings> {
  const recorded = BigInt(status.revision)
  const newest = await client.call(KV.method.range, ALL, { signal })
  const revision = newest.header?.revision ?? 0n
  // A revision that doesn't exist yet can't be queried. The comparison reports that it is missing.
  if (revision < recorded) return { etcdVersion, revision, keys: newest.count, hashKv: undefined }
  const { count: keys } = await client.call(KV.method.range, { ...ALL, revision: recorded }, { signal })
  const hash = async () => await hashAt(client, recorded, signal)
  let now = await hash()
  const compacted = BigInt(hashKv?.compactRevision ?? -1)
  if (now !== undefined && compacted > 0n && now.compactRevision < compacted) {
    // The member was compacted between the snapshot and its hash. Compacting this one, too, makes the hashes
    // comparable.
    await client.call(KV.method.compact, { revision: compacted, physical: true }, { signal })
    now = await hash()
  }
  return { etcdVersion, revision, keys, hashKv: now }
}

async function hashAt(
  client: MemberClient,
  revision: bigint,
  signal: AbortSignal,
): Promise<DrillFindings['hashKv']> {
  try {
    const { hash, compactRevision } = await client.call(Maintenance.method.hashKV, { revision }, { signal })
    return { hash, compactRevision }
  } catch (error) {
    if (failureKind(error) === 'out-of-range') return undefined
    throw error
  }
}
