/** What is built from Go modules, and where those come from: what the cluster file and messages know of it. */

/** Where modules come from, as the cluster file says it. */
export interface GoSource {
  /** URL of the module proxy; the first one that Go is set to unless given. */
  readonly proxy: string | undefined
  /** Absolute path of a program `go` or of its toolchain; searched unless given. */
  readonly go: string | undefined
  /** Every module is compared with Go's public checksum database. */
  readonly checksumDatabase: boolean
}

/** What is built, in messages. */
export interface GoSubject {
  /** `etcd` */
  readonly name: string
  /** `3.6.16` */
  readonly version: string
  /** Its key in the cluster file: `etcd`. */
  readonly key: string
  /** Other kinds of source, named in hints: `release, debian or file`. */
  readonly otherSources: string
}
