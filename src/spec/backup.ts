/** Where a cluster's backups go, who can open them, and when they are taken by themselves. */

export type StoreLocation =
  | {
      readonly kind: 'directory'
      /** Absolute path on the computer that takes the backup. */
      readonly path: string
    }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** Before each name, without slashes at its ends; empty: none. */
      readonly prefix: string
      /** URL; undefined: Amazon's, of the region. */
      readonly endpoint: string | undefined
      readonly region: string
      /** Absolute path of the CA that the endpoint's certificate is from (PEM); undefined: the system's. */
      readonly ca: string | undefined
      /** `endpoint/bucket/name` instead of `bucket.endpoint/name`. */
      readonly pathStyle: boolean
      /** Absolute path of a private file with the access key; undefined: the AWS_* variables of the environment. */
      readonly credentials: string | undefined
      /** For how long nobody may remove a backup (object lock), in days; undefined: as the bucket has it. */
      readonly lockDays: number | undefined
    }

/** How many backups of each kind are kept: the newest of so many hours, days, weeks and months that have one. */
export interface Retention {
  readonly hourly: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
}

export interface BackupSchedule {
  /** A node's name; undefined: the first with the role service. */
  readonly node: string | undefined
  /** systemd's OnCalendar. */
  readonly every: string
  readonly keep: Retention
}

export interface BackupSpec {
  readonly store: StoreLocation | undefined
  /** age's public keys: whoever has one of their secret keys can open the backups. Empty: a passphrase is asked for. */
  readonly recipients: readonly string[]
  readonly schedule: BackupSchedule | undefined
}
