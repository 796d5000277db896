/** A cluster's backups: their location, recipients and schedule. */

export type StoreLocation =
  | {
      readonly kind: 'directory'
      /** Absolute path on the host that takes the backup. */
      readonly path: string
    }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** Prefix of each name, without slashes at its ends; empty: none. */
      readonly prefix: string
      /** URL; undefined: Amazon's for the region. */
      readonly endpoint: string | undefined
      readonly region: string
      /** Absolute path of the CA of the endpoint's certificate (PEM); undefined: the system's CAs. */
      readonly ca: string | undefined
      /** `endpoint/bucket/name` instead of `bucket.endpoint/name`. */
      readonly pathStyle: boolean
      /** Absolute path of a private file with the access key; undefined: the AWS_* variables of the environment. */
      readonly credentials: string | undefined
      /** How long a backup can't be removed (object lock), in days; undefined: the bucket's default. */
      readonly lockDays: number | undefined
    }

/** How many backups of each kind are kept: the newest of that many hours, days, weeks and months that have one. */
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
  /**
   * age's public keys: the owner of any of their secret keys can open the backups. Empty: quorate asks for a
   * passphrase.
   */
  readonly recipients: readonly string[]
  readonly schedule: BackupSchedule | undefined
}
