/** `quorate backup verify`: the newest backup, one by name, or all of a cluster. */
import { ownArchitecture } from '../../artifacts/artifact.ts'
import { obtainEtcd } from '../../artifacts/obtain.ts'
import { parseBundleName } from '../../backup/names.ts'
import type { Secret } from '../../backup/sealing.ts'
import type { BundleTrust } from '../../backup/trusted.ts'
import { QuorateError } from '../../errors.ts'
import { snapshotTool } from '../../etcd/snapshot-tool.ts'
import { atLeast } from '../../etcd/versions.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { StoreLocation } from '../../spec/backup.ts'
import { openStore } from '../../store/open-store.ts'
import type { StoredFile } from '../../store/store.ts'
import type { EtcdPrograms } from './scratch-etcd.ts'
import { operatorSigner } from '../../backup/signers.ts'
import { type VerifyReport, isAboutIt, verifyBackup } from './verify-backup.ts'

export type VerifySession = Pick<Session, 'cluster' | 'cacheDirectory' | 'signal' | 'emit' | 'now'>

export interface VerifyOptions extends BundleTrust {
  readonly location: StoreLocation
  /** `newest` or `all` of the cluster, or the name of a stored backup. */
  readonly which: 'newest' | 'all' | { readonly name: string }
  /** Test-restore each, with etcd on this workstation. */
  readonly drill: boolean
  /** Called only if a backup is encrypted. */
  readonly secret: () => Promise<Secret>
  readonly environment: NodeJS.ProcessEnv
}

/** The result for one backup. */
export type VerifyOutcome =
  | { readonly name: string; readonly report: VerifyReport }
  | { readonly name: string; readonly error: QuorateError }

/**
 * Verifies the newest first. A damaged backup is an outcome with its error; the others are still verified.
 * @throws QuorateError `backup`: there is none; `usage`: none has that name; `store`, `state`, `artifact`, `cancelled`
 */
export async function* verifyBackups(
  session: VerifySession,
  { location, which, drill, secret, environment, signers, acceptUnsigned }: VerifyOptions,
): AsyncGenerator<VerifyOutcome> {
  const { cluster, signal, now, emit } = session
  using store = await openStore(location, { environment, signal })
  for (const file of choose(await store.list(signal), which, { cluster: cluster.name, store: store.title })) {
    const { name } = file
    try {
      const report = await verifyBackup({
        store,
        file,
        secret,
        signers,
        acceptUnsigned,
        drill,
        signer: async () => await operatorSigner(cluster, { now: now(), signal }),
        now,
        signal,
        programs: async (version, to) => await programsFor(session, version, to),
        workDirectory: cluster.stateDirectory,
        onProgress: (text, doneBytes, totalBytes) => emit({ type: 'artifact', text, doneBytes, totalBytes }),
      })
      yield { name, report }
    } catch (error) {
      if (!isAboutIt(error)) throw error
      yield { name, error }
    }
  }
}

function choose(
  files: readonly StoredFile[],
  which: VerifyOptions['which'],
  { cluster, store }: { readonly cluster: string; readonly store: string },
): readonly StoredFile[] {
  if (typeof which === 'object') {
    const file = files.find(({ name }) => name === which.name && parseBundleName(name) !== undefined)
    if (file !== undefined) return [file]
    throw new QuorateError('usage', `backup not found in ${store}: ${which.name}`, {
      hint: 'list the backups: quorate backup list',
    })
  }
  const own = files.filter(({ name }) => parseBundleName(name)?.cluster === cluster)
  const newestFirst = own.toSorted((a, b) => takenAt(b) - takenAt(a))
  if (newestFirst.length === 0) {
    throw new QuorateError('backup', `no backup of ${cluster} in ${store}`, {
      hint: 'take a backup: quorate backup',
    })
  }
  return which === 'all' ? newestFirst : newestFirst.slice(0, 1)
}

function takenAt({ name }: StoredFile): number {
  return parseBundleName(name)?.takenAt.getTime() ?? 0
}

/**
 * Prefers etcd's programs of that version, and falls back to the cluster file's. For a restore they must not be older:
 * etcd can read only data of the same or an older version. The tool reads files of every version.
 */
async function programsFor(
  session: VerifySession,
  version: string,
  to: 'read' | 'restore',
): Promise<EtcdPrograms> {
  const { etcd } = session.cluster
  try {
    return await obtain(session, version)
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'artifact') throw error
    if (version === etcd.version || (to === 'restore' && !atLeast(etcd.version, version))) throw error
    return await obtain(session, etcd.version)
  }
}

async function obtain(
  { cluster, cacheDirectory, signal, emit }: VerifySession,
  version: string,
): Promise<EtcdPrograms> {
  const architecture = ownArchitecture()
  if (architecture === undefined)
    throw new QuorateError('artifact', "etcd is not available for this workstation's processor architecture")
  const { source, sha256 } = cluster.etcd
  if (sha256 !== undefined && version !== cluster.etcd.version) {
    throw new QuorateError(
      'artifact',
      `the cluster file pins only the checksums of etcd ${cluster.etcd.version} (etcd.sha256), so ${version} is not run on this workstation`,
    )
  }
  const wanted = { version, source, sha256 }
  const { files } = await obtainEtcd(wanted, architecture, {
    cacheDirectory,
    signal,
    emit: ({ text, doneBytes, totalBytes }) => emit({ type: 'artifact', text, doneBytes, totalBytes }),
  })
  const etcd = files.find(({ name }) => name === 'etcd')
  if (etcd === undefined) throw new QuorateError('artifact', `the binaries of ${version} contain no etcd`)
  return { version, etcd: etcd.path, tool: snapshotTool(files) }
}
