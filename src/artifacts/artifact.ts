/** What the rest of quorate knows about a product's programs: their paths, and that they are verified. */
import type { NetworkLimits } from './network.ts'

/** Processor architectures by Debian's and etcd's names. */
export type Architecture = 'amd64' | 'arm64'

/** The programs of an etcd release. `etcdutl` exists from 3.5 on. */
export const BINARY_NAMES = ['etcd', 'etcdctl', 'etcdutl'] as const
export type BinaryName = (typeof BINARY_NAMES)[number]

export interface ArtifactFile<N extends string = BinaryName> {
  readonly name: N
  /** Absolute path in the cache. Don't change or remove it. */
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** Verified programs of one version for one architecture. etcd's files always include `etcd` and `etcdctl`. */
export interface Artifact<N extends string = BinaryName> {
  readonly version: string
  readonly arch: Architecture
  readonly files: readonly ArtifactFile<N>[]
  /** Their source, for messages: a URL, a package with its version, a path. */
  readonly origin: string
  /** Of the archive that contained them (hex), if there was one. */
  readonly archiveSha256?: string | undefined
}

/** Progress. With `totalBytes`: the bytes of one download; without: a finished step. */
export interface ArtifactEvent {
  readonly kind: 'artifact'
  readonly text: string
  readonly doneBytes?: number
  readonly totalBytes?: number
}

export interface ArtifactContext {
  /** Absolute path of quorate's cache (see `cacheDirectory`); `artifacts/` is made in it. */
  readonly cacheDirectory: string
  /** Absolute path of a directory for large temporary files; the system's by default. */
  readonly stagingDirectory?: string | undefined
  readonly emit: (event: ArtifactEvent) => void
  readonly signal: AbortSignal
  /** Where the proxy variables and PATH are read from; this process's environment by default. */
  readonly environment?: NodeJS.ProcessEnv | undefined
  /** Programs `go` to try after those in PATH; the usual paths by default. */
  readonly goPlaces?: readonly string[] | undefined
  /** Different timeouts and numbers of attempts than `DEFAULT_LIMITS`. */
  readonly limits?: Partial<NetworkLimits> | undefined
}

/** The files that a source has put into its staging directory. */
export interface Fetched<N extends string = BinaryName> extends Pick<Artifact, 'origin' | 'archiveSha256'> {
  readonly names: readonly N[]
}

/** The architecture of the workstation; undefined if quorate doesn't support it. */
export function ownArchitecture(): Architecture | undefined {
  if (process.arch === 'x64') return 'amd64'
  return process.arch === 'arm64' ? 'arm64' : undefined
}
