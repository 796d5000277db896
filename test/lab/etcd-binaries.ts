/**
 * Real etcd for tests, out of Debian's archive: fetched once on a computer, from the cache afterwards.
 *
 *     const { directory, version } = await etcdBinaries('trixie')
 *     spawn(path.join(directory, 'etcd'), …)
 */
import path from 'node:path'
import { ownArchitecture, type Architecture, type Artifact } from '../../src/artifacts/artifact.ts'
import { cacheDirectory } from '../../src/files/cache-directory.ts'
import { debianVersion } from '../../src/artifacts/debian.ts'
import { obtainEtcd } from '../../src/artifacts/obtain.ts'
import { QuorateError } from '../../src/errors.ts'
import type { EtcdSource } from '../../src/spec/cluster.ts'

/** What each suite had when this was written. Stable suites keep it; sid moves on, and is asked then. */
export const SUITE_VERSIONS = {
  bullseye: '3.3.25',
  bookworm: '3.4.23',
  trixie: '3.5.16',
  sid: '3.5.30',
} as const
export type EtcdSuite = keyof typeof SUITE_VERSIONS

export interface EtcdBinaries {
  /** Absolute path of a folder with `etcd` and `etcdctl`, from 3.5 on `etcdutl` too. Only to be read. */
  readonly directory: string
  /** The version it really is. */
  readonly version: string
  /** For a cluster file: what to write under `etcd.source`. */
  readonly source: EtcdSource
  readonly artifact: Artifact
}

/** etcd of a Debian suite, for this computer's architecture unless another is named. Needs apt and, once, its network. */
export async function etcdBinaries(
  suite: EtcdSuite,
  arch: Architecture = ownArchitecture() ?? 'amd64',
): Promise<EtcdBinaries> {
  const source = { kind: 'debian', suite, mirror: undefined } as const
  const context = {
    cacheDirectory: cacheDirectory(process.env),
    emit: () => undefined,
    signal: AbortSignal.timeout(170_000),
  }
  const obtain = async (version: string): Promise<EtcdBinaries> => {
    const artifact = await obtainEtcd({ version, source }, arch, context)
    return { directory: path.dirname(artifact.files[0]?.path ?? ''), version, source, artifact }
  }
  try {
    return await obtain(SUITE_VERSIONS[suite])
  } catch (error) {
    if (!(error instanceof QuorateError) || suite !== 'sid') throw error
    const version = await debianVersion(source, arch, context)
    if (version === undefined || version === SUITE_VERSIONS[suite]) throw error
    return await obtain(version)
  }
}
