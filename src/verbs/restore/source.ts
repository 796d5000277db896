/** The snapshot that is to be restored: found, opened on this computer, and read through before anything is done. */
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
  /** The path of a bundle, or of a snapshot as `etcdctl snapshot save` writes it; or the name of a backup in the store. */
  readonly snapshot: string
  /** Where to look for a name; undefined where no place is known. */
  readonly store: (() => StoreLocation) | undefined
  /** Asked only where it is encrypted. */
  readonly secret: () => Promise<Secret>
  /** Absolute path of a folder with room. */
  readonly workDirectory: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/**
 * The sum of a snapshot's file may still be compared: `restore` awaits that.
 *
 * @throws QuorateError `usage` if there is none of that name, `store`; `backup` if it is damaged or the secret is another one;
 *   `signature` if it is a bundle, and not from anybody who may make one
 */
export async function openSnapshot(options: SourceOptions): Promise<OpenedBackup> {
  const { snapshot, secret, store, workDirectory, environment, signal, signers, acceptUnsigned } = options
  await mkdir(workDirectory, { recursive: true, mode: 0o700 })
  const opening = { workDirectory, secret, signal, signers, acceptUnsigned }
  const file = path.resolve(snapshot)
  if (existsSync(file)) {
    await using handle = await openForReading(file, { code: 'usage' }).catch((error: unknown) => {
      throw QuorateError.from(error, 'usage', `${snapshot} can't be read`)
    })
    // What should be a bundle by its name was exchanged if it is not.
    const mayBeBare = (await handle.stat()).isFile() && !path.basename(file).includes('.bundle')
    const bare = mayBeBare ? await openBare(file, signal) : undefined
    if (bare !== undefined) return bare
    const data = handle.createReadStream({ highWaterMark: 1024 ** 2, autoClose: false })
    return await openBackup({ name: path.basename(file), data }, opening)
  }
  if (store === undefined || snapshot.includes('/')) {
    throw new QuorateError('usage', `the file ${snapshot} does not exist`, {
      hint: 'give the path of a bundle or of a snapshot; or the name of a backup, and where it is kept: --store',
    })
  }
  using opened = await openStore(store(), { environment, signal })
  const files = await opened.list(signal)
  if (!files.some(({ name }) => name === snapshot)) {
    throw new QuorateError(
      'usage',
      `there is no file ${snapshot} here, and no backup of that name in ${opened.title}`,
      {
        hint: 'see which there are: quorate backup list',
      },
    )
  }
  // Read to its end before the store is let go.
  return await openBackup({ name: snapshot, data: await opened.get(snapshot, { signal }) }, opening)
}

/** What etcd's own tool says of it, of the version that is to run. @throws QuorateError `backup` if it refuses it */
export async function statusOf(session: Session, opened: OpenedBackup): Promise<SnapshotStatus> {
  // Its sum was compared with the one that was written beside this.
  if (opened.proof !== undefined) return opened.proof.status
  return await readSnapshotStatus(await obtainTool(session), opened.snapshotFile, session.signal)
}
