/** What is built from Go modules, and the modules' source, as the cluster file and messages describe them. */

/** The source of modules, as in the cluster file. */
export interface GoSource {
  /** URL of the module proxy; by default, the first one that Go is configured with. */
  readonly proxy: string | undefined
  /** Absolute path of a program `go` or of its toolchain; searched by default. */
  readonly go: string | undefined
  /** Verifies every module with Go's public checksum database. */
  readonly checksumDatabase: boolean
}

/** What is built, for messages. */
export interface GoSubject {
  /** `etcd` */
  readonly name: string
  /** `3.6.16` */
  readonly version: string
  /** Its key in the cluster file: `etcd`. */
  readonly key: string
  /** Other kinds of source, for hints: `release, debian or file`. */
  readonly otherSources: string
}
