/** The version that a cluster should run, the source of its binaries, and the resulting change of the cluster file. */
import { QuorateError } from '../../errors.ts'
import { supportedMinorOf } from '../../etcd/versions.ts'
import type { Cluster, EtcdSource } from '../../spec/cluster.ts'
import { DEBIAN_VERSIONS } from '../../spec/defaults.ts'
import type { Edit } from '../../spec/edit.ts'
import { newPins } from './pins.ts'

export interface TargetOptions {
  /** An exact version; default: the cluster file's. */
  readonly to?: string | undefined
  /** The Debian suite to take it from, if the file's source is Debian; found automatically for versions in Debian. */
  readonly suite?: string | undefined
  /** The archive or directory on this workstation, if the file's source is one: an absolute path. */
  readonly path?: string | undefined
  /**
   * The new checksums, if the file pins them (`etcd.sha256`): each `ARCH=SUM` (the archive's) or `ARCH/PROGRAM=SUM`.
   */
  readonly sha256?: readonly string[] | undefined
}

export interface UpgradeTarget {
  /** The target cluster: the file's, with another version and source. Without pins while those are unknown. */
  readonly cluster: Cluster
  /** What to change in the file so that it describes the target; empty: it already does. */
  readonly edits: readonly Edit[]
}

/** @throws QuorateError `usage` for options that exclude each other, `cluster-file` for an invalid version. */
export function upgradeTarget(cluster: Cluster, options: TargetOptions): UpgradeTarget {
  const { version: present, source: origin, sha256: pinned, ...others } = cluster.etcd
  const version = options.to ?? present
  supportedMinorOf(version)
  const [source, sourceEdits] = sourceOf(origin, version, version !== present, options)
  const versionEdits: Edit[] = version === present ? [] : [{ path: ['etcd', 'version'], value: version }]
  const edits = [...versionEdits, ...sourceEdits]
  const { sha256, edits: pinEdits } = newPins(pinned, edits.length > 0, options.sha256)
  // In the order that a parsed file has, because the two are compared as text.
  const etcd = { version, source, ...(sha256 === undefined ? {} : { sha256 }), ...others }
  return { cluster: { ...cluster, etcd }, edits: [...edits, ...pinEdits] }
}

function sourceOf(
  source: EtcdSource,
  version: string,
  changes: boolean,
  { suite, path }: TargetOptions,
): readonly [EtcdSource, readonly Edit[]] {
  if (suite !== undefined && source.kind !== 'debian') {
    throw new QuorateError(
      'usage',
      '--suite is for a cluster file that takes etcd from Debian (etcd.source.debian)',
      { id: 'option-of-another-source' },
    )
  }
  if (path !== undefined && source.kind !== 'file') {
    throw new QuorateError(
      'usage',
      '--path is for a cluster file that takes etcd from a file (etcd.source.file)',
      { id: 'option-of-another-source' },
    )
  }
  switch (source.kind) {
    case 'release':
    case 'modules':
      return [source, []]
    case 'debian': {
      const wanted = suite ?? (changes ? suiteWith(version, source.suite) : source.suite)
      if (wanted === source.suite) return [source, []]
      return [{ ...source, suite: wanted }, [{ path: ['etcd', 'source', 'debian', 'suite'], value: wanted }]]
    }
    case 'file': {
      if (!changes && path === undefined) return [source, []]
      if (path === undefined) {
        throw new QuorateError(
          'usage',
          `no path given for etcd ${version}: the cluster file takes etcd from ${source.path}`,
          {
            id: 'no-path-for-the-version',
            hint: 'give --path PATH: a directory with etcd and etcdctl, or a release archive',
          },
        )
      }
      if (source.sha256 !== undefined) {
        throw new QuorateError(
          'usage',
          'the cluster file pins its etcd by a checksum (etcd.source.file.sha256)',
          {
            id: 'pinned-source',
            hint: 'set version, path and sha256 in the cluster file, then run quorate upgrade --to VERSION',
          },
        )
      }
      return [{ ...source, path }, [{ path: ['etcd', 'source', 'file', 'path'], value: path }]]
    }
  }
}

/** @throws QuorateError `usage` if the suite with this version is unknown. */
function suiteWith(version: string, present: string): string {
  const found = [...DEBIAN_VERSIONS].find(([, carried]) => carried === version)?.[0]
  // The content of sid changes, so it is always asked if its name is given.
  if (found !== undefined || present === 'sid') return found ?? present
  const known = [...DEBIAN_VERSIONS].map(([suite, carried]) => `${carried} in ${suite}`).join(', ')
  throw new QuorateError('usage', `unknown which Debian suite has etcd ${version} (known: ${known})`, {
    id: 'unknown-suite',
    hint: 'give one with --suite SUITE; or take etcd from a release or from modules (etcd.source in the cluster file)',
  })
}
