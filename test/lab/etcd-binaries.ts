/**
 * Real etcd for tests: the newest ones built from their Go modules, old ones out of Debian's archive. Fetched or built once
 * on a computer, from the cache afterwards.
 *
 *     const { directory, version } = await etcdBinaries('3.6.16')
 *     spawn(path.join(directory, 'etcd'), …)
 */
import path from 'node:path'
import { ownArchitecture, type Architecture, type Artifact } from '../../src/artifacts/artifact.ts'
import { cacheDirectory } from '../../src/files/cache-directory.ts'
import { debianVersion } from '../../src/artifacts/debian.ts'
import { obtainEtcd } from '../../src/artifacts/obtain.ts'
import { QuorateError } from '../../src/errors.ts'
import type { EtcdSource } from '../../src/spec/cluster.ts'

/** The versions in each suite when this was written. Stable suites keep theirs; sid changes, so it is asked. */
export const SUITE_VERSIONS = {
  bullseye: '3.3.25',
  bookworm: '3.4.23',
  trixie: '3.5.16',
  sid: '3.5.30',
} as const
export type EtcdSuite = keyof typeof SUITE_VERSIONS

/** The newest patch of each minor that is built from modules. */
export const BUILT_VERSIONS = ['3.5.35', '3.6.16', '3.7.3'] as const
/** A suite of Debian, or a version that is built. */
export type EtcdChoice = EtcdSuite | (typeof BUILT_VERSIONS)[number]

/** All versions of etcd that tests run, oldest first. */
export const ETCD_CHOICES: readonly EtcdChoice[] = [
  ...(Object.keys(SUITE_VERSIONS) as EtcdSuite[]),
  ...BUILT_VERSIONS,
]

/** The default of the lab's clusters: `etcd` of a cluster file. */
export const LAB_ETCD = { version: '3.6.16', source: { modules: {} } } as const

const MODULES = { kind: 'modules', proxy: undefined, go: undefined, checksumDatabase: true } as const

export interface EtcdBinaries {
  /** Absolute path of a directory with `etcd` and `etcdctl`, from 3.5 on also `etcdutl`. Read-only. */
  readonly directory: string
  /** The actual version. */
  readonly version: string
  readonly source: EtcdSource
  readonly artifact: Artifact
}

export interface BinariesOptions {
  /** Default: this host's. */
  readonly arch?: Architecture
  /** Default: shorter than a test may take. */
  readonly signal?: AbortSignal
  readonly report?: (text: string) => void
}

/** etcd of a Debian suite (needs apt and, once, its network), or built (needs Go and, once, a module proxy). */
export async function etcdBinaries(choice: EtcdChoice, options: BinariesOptions = {}): Promise<EtcdBinaries> {
  const { arch = ownArchitecture() ?? 'amd64', signal = AbortSignal.timeout(170_000), report } = options
  const context = {
    cacheDirectory: cacheDirectory(process.env),
    emit: ({ text }: { text: string }) => report?.(text),
    signal,
  }
  const obtain = async (version: string, source: EtcdSource): Promise<EtcdBinaries> => {
    const artifact = await obtainEtcd({ version, source }, arch, context)
    return { directory: path.dirname(artifact.files[0]?.path ?? ''), version, source, artifact }
  }
  if (!isSuite(choice)) return await obtain(choice, MODULES)
  const source = { kind: 'debian', suite: choice, mirror: undefined } as const
  try {
    return await obtain(SUITE_VERSIONS[choice], source)
  } catch (error) {
    if (!(error instanceof QuorateError) || choice !== 'sid') throw error
    const version = await debianVersion(source, arch, context)
    if (version === undefined || version === SUITE_VERSIONS[choice]) throw error
    return await obtain(version, source)
  }
}

/** `etcd` of a cluster file for it. */
export function etcdOf(choice: EtcdChoice): { readonly version: string; readonly source: object } {
  if (!isSuite(choice)) return { version: choice, source: { modules: {} } }
  return { version: SUITE_VERSIONS[choice], source: { debian: { suite: choice } } }
}

function isSuite(choice: EtcdChoice): choice is EtcdSuite {
  return Object.hasOwn(SUITE_VERSIONS, choice)
}
