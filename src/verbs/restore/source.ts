/** The snapshot to restore: found, opened on the workstation, and read completely before any change. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { openBare } from '../../backup/bare.ts'
import { type OpenedBackup, openBackup } from '../../backup/open.ts'
import type { BundleTrust } from '../../backup/trusted.ts'
import type { Secret } from '../../backup/sealing.ts'
import { QuorateError } from '../../errors.ts'
import { openForReading } from '../../files/read-file.ts'
import { type SnapshotStatus, readSnapshotStatus } from '../../etcd/snapshot-tool.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { StoreLocation } from '../../spec/backup.ts'
import { obtainTool } from '../../tiers/etcd/obtain-tool.ts'
import { openStore } from '../../store/open-store.ts'

export interface SourceOptions extends BundleTrust {
  /** The path of a bundle, or of a snapshot as `etcdctl snapshot save` writes it; or the name of a backup in the backup location. */
  readonly snapshot: string
  /** Where to look for a name; undefined: no location is known. */
  readonly store: (() => StoreLocation) | undefined
  /** Asked only if the backup is encrypted. */
  readonly secret: () => Promise<Secret>
  /** Absolute path of a directory with free space. */
  readonly workDirectory: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/**
 * The checksum of the snapshot file may still be in progress: `restore` awaits it.
 *
 * @throws QuorateError `usage` for an unknown name; `store`; `backup` if it is damaged or the identity is the wrong one;
 *   `signature` if it is a bundle without an allowed signature
 */
export async function openSnapshot(options: SourceOptions): Promise<OpenedBackup> {
  const { snapshot, secret, store, workDirectory, environment, signal, signers, acceptUnsigned } = options
  await mkdir(workDirectory, { recursive: true, mode: 0o700 })
  const opening = { workDirectory, secret, signal, signers, acceptUnsigned }
  const file = path.resolve(snapshot)
  if (existsSync(file)) {
    await using handle = await openForReading(file, { code: 'usage' }).catch((error: unknown) => {
      throw QuorateError.from(error, 'usage', `can't read ${snapshot}`)
    })
    // A file named like a bundle that isn't one was replaced.
    const mayBeBare = (await handle.stat()).isFile() && !path.basename(file).includes('.bundle')
    const bare = mayBeBare ? await openBare(file, signal) : undefined
    if (bare !== undefined) return bare
    const data = handle.createReadStream({ highWaterMark: 1024 ** 2, autoClose: false })
    return await openBackup({ name: path.basename(file), data }, opening)
  }
  if (store === undefined || snapshot.includes('/')) {
    throw new QuorateError('usage', `the file ${snapshot} does not exist`, {
      hint: 'give the path of a bundle or snapshot; or the name of a backup and its location: --store',
    })
  }
  using opened = await openStore(store(), { environment, signal })
  const files = await opened.list(signal)
  if (!files.some(({ name }) => name === snapshot)) {
    throw new QuorateError(
      'usage',
      `backup not found: no file ${snapshot} on this workstation, and no backup of that name in ${opened.title}`,
      {
        hint: 'list the backups: quorate backup list',
      },
    )
  }
  // Read to its end before the backup location is closed.
  return await openBackup({ name: snapshot, data: await opened.get(snapshot, { signal }) }, opening)
}

/** What etcdutl of the configured version reports about it. @throws QuorateError `backup` if it rejects the snapshot */
export async function statusOf(session: Session, opened: OpenedBackup): Promise<SnapshotStatus> {
  // Its checksum was compared with the recorded one.
  if (opened.proof !== undefined) return opened.proof.status
  return await readSnapshotStatus(await obtainTool(session), opened.snapshotFile, session.signal)
}
