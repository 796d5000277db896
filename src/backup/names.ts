/**
 * The names of bundles in a backup location: sorted by name, the backups of one cluster are together and in order of
 * time.
 */

export interface BundleName {
  readonly name: string
  readonly cluster: string
  readonly takenAt: Date
  /** Everything acknowledged up to this revision is in the backup. */
  readonly revision: bigint
  readonly encrypted: boolean
}

const PATTERN =
  /^(?<cluster>[a-z0-9-]+)-(?<time>\d{8}T\d{6}(?:\.\d{3})?Z)-r(?<revision>\d+)\.bundle(?<age>\.age)?$/

/** To the millisecond: two backups of a small cluster may start within one second. */
export function bundleName(cluster: string, takenAt: Date, revision: bigint, encrypted: boolean): string {
  const time = takenAt.toISOString().replaceAll(/[-:]/g, '')
  return `${cluster}-${time}-r${revision}.bundle${encrypted ? '.age' : ''}`
}

/** undefined: it isn't a bundle, but a side file for example. */
export function parseBundleName(name: string): BundleName | undefined {
  const parts = PATTERN.exec(name)?.groups
  if (parts === undefined) return undefined
  const { cluster = '', time = '', revision = '', age } = parts
  const takenAt = new Date(time.replace(/^(....)(..)(..)T(..)(..)(.+)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(takenAt.getTime())) return undefined
  return { name, cluster, takenAt, revision: BigInt(revision), encrypted: age !== undefined }
}

/** What is known about a bundle without opening it. */
export function sideFileName(bundle: string): string {
  return `${bundle}.json`
}

/** When it was last restored as a test, and with what result. */
export function provenFileName(bundle: string): string {
  return `${bundle}.proven.json`
}
