/** What the rest of quorate knows of a product's programs: where they are, and that they are the right ones. */
import type { NetworkLimits } from './network.ts'

/** Processor architectures by Debian's and etcd's names. */
export type Architecture = 'amd64' | 'arm64'

/** The programs of an etcd release. `etcdutl` exists from 3.5 on. */
export const BINARY_NAMES = ['etcd', 'etcdctl', 'etcdutl'] as const
export type BinaryName = (typeof BINARY_NAMES)[number]

export interface ArtifactFile<N extends string = BinaryName> {
  readonly name: N
  /** Absolute path in the cache. Not to be changed or removed. */
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** Programs of one version for one architecture, verified. Of etcd, `etcd` and `etcdctl` are always among the files. */
export interface Artifact<N extends string = BinaryName> {
  readonly version: string
  readonly arch: Architecture
  readonly files: readonly ArtifactFile<N>[]
  /** Where they came from, for messages: a URL, a package with its version, a path. */
  readonly origin: string
  /** Of the archive that they came in (hex), where they came in one. */
  readonly archiveSha256?: string | undefined
}

/** Progress. With `totalBytes`, the bytes of one download; without, a step that was reached. */
export interface ArtifactEvent {
  readonly kind: 'artifact'
  readonly text: string
  readonly doneBytes?: number
  readonly totalBytes?: number
}

export interface ArtifactContext {
  /** Absolute path of quorate's cache (see `cacheDirectory`); `artifacts/` is made in it. */
  readonly cacheDirectory: string
  /** Absolute path of a directory for large temporary files; the system's one unless given. */
  readonly stagingDirectory?: string | undefined
  readonly emit: (event: ArtifactEvent) => void
  readonly signal: AbortSignal
  /** Where the proxy variables and PATH are read from; this process's environment unless given. */
  readonly environment?: NodeJS.ProcessEnv | undefined
  /** Programs `go` to try after those of PATH; the usual places unless given. */
  readonly goPlaces?: readonly string[] | undefined
  /** Other time-outs and attempts than `DEFAULT_LIMITS`. */
  readonly limits?: Partial<NetworkLimits> | undefined
}

/** A source has put these files into the staging directory it was given. */
export interface Fetched<N extends string = BinaryName> extends Pick<Artifact, 'origin' | 'archiveSha256'> {
  readonly names: readonly N[]
}

/** The architecture of the workstation, or undefined if it is one that quorate doesn't deal in. */
export function ownArchitecture(): Architecture | undefined {
  if (process.arch === 'x64') return 'amd64'
  return process.arch === 'arm64' ? 'arm64' : undefined
}
