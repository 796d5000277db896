/**
 * `quorate backup list`: lists the backups in a backup location from their names and side files. It needs no secret,
 * and opens no backup.
 */
import { type SideFile, parseSideFile } from '../../backup/bundle.ts'
import { type BundleName, parseBundleName, provenFileName, sideFileName } from '../../backup/names.ts'
import { type Proven, type ProvenTrust, isVouched, parseProven } from '../../backup/proven.ts'
import type { StoreLocation } from '../../spec/backup.ts'
import { isProofOf } from './proven-record.ts'
import { openStore } from '../../store/open-store.ts'
import type { BackupStore, StoredFile } from '../../store/store.ts'
import { counted } from '../../spec/units.ts'

/** Number of small files that are read at the same time. */
const AT_A_TIME = 16

export interface ListedBackup extends BundleName {
  readonly sizeBytes: number
  /** The backup location refuses removal until then. */
  readonly lockedUntil: Date | undefined
  /** undefined: it is missing or damaged, and `troubles` says so. */
  readonly side: SideFile | undefined
  /** undefined: never restore-tested. */
  readonly proven: Proven | undefined
  /** Problems with the backup, each a sentence without its period. */
  readonly troubles: readonly string[]
}

export interface ListOptions {
  /** The cluster's name; undefined: backups of all clusters. */
  readonly cluster: string | undefined
  /** Whose records of test restores count; omitted: none. */
  readonly trust?: ProvenTrust | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BackupList {
  /** The backup location, for messages. */
  readonly store: string
  /** Newest first. */
  readonly backups: readonly ListedBackup[]
}

/** Reports a missing or damaged side file, but doesn't fail because of it. @throws QuorateError `store` */
export async function backupList(
  location: StoreLocation,
  options: ListOptions & { readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<BackupList> {
  using store = await openStore(location, options)
  return { store: store.title, backups: await listBackups(store, options) }
}

/** Newest first. @throws QuorateError `store` */
export async function listBackups(
  store: BackupStore,
  options: ListOptions,
): Promise<readonly ListedBackup[]> {
  const { cluster, signal } = options
  const files = new Map((await store.list(signal)).map((file) => [file.name, file]))
  const bundles = [...files.keys()].flatMap((name) => {
    const bundle = parseBundleName(name)
    return bundle === undefined || (cluster !== undefined && bundle.cluster !== cluster) ? [] : [bundle]
  })
  const newestFirst = bundles.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())
  const listed: ListedBackup[] = []
  for (let first = 0; first < newestFirst.length; first += AT_A_TIME) {
    const some = newestFirst.slice(first, first + AT_A_TIME)
    listed.push(...(await Promise.all(some.map(async (one) => await describe(store, files, one, options)))))
  }
  return listed
}

async function describe(
  store: BackupStore,
  files: ReadonlyMap<string, StoredFile>,
  bundle: BundleName,
  { trust, signal }: ListOptions,
): Promise<ListedBackup> {
  const { sizeBytes = 0, lockedUntil } = files.get(bundle.name) ?? {}
  const text = async (name: string) => (files.has(name) ? await store.read(name, signal) : undefined)
  const [sideText, provenText] = await Promise.all([
    text(sideFileName(bundle.name)),
    text(provenFileName(bundle.name)),
  ])
  const side = parseSideFile(sideText)
  const proven = parseProven(provenText)
  const troubles: string[] = []
  if (side === undefined) troubles.push(`its side file is ${sideText === undefined ? 'missing' : 'damaged'}`)
  if (provenText !== undefined && proven === undefined)
    troubles.push('the record of its last test restore is damaged')
  if (side !== undefined && side.bundle.sizeBytes !== sizeBytes)
    troubles.push(
      `it is damaged: it has ${counted(sizeBytes, 'byte')}, but ${side.bundle.sizeBytes} were written`,
    )
  const same = proven === undefined || isProofOf(proven, side)
  if (!same) troubles.push('its last test restore was of another file with this name')
  const counts =
    same && proven !== undefined && trust !== undefined && (await isVouched(bundle.name, proven, trust))
  if (same && proven !== undefined && !counts)
    troubles.push('no allowed signer has signed the record of its test restore: test it again')
  return { ...bundle, sizeBytes, lockedUntil, side, proven: counts ? proven : undefined, troubles }
}
