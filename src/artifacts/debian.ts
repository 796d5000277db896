/** etcd's binaries from Debian's archive: the packages `etcd-server` and `etcd-client` of a suite, verified by apt. */
import type { Readable } from 'node:stream'
import { QuorateError } from '../errors.ts'
import type { EtcdSource } from '../spec/cluster.ts'
import type { AptPackage } from './apt.ts'
import type { Architecture, ArtifactContext, Fetched } from './artifact.ts'
import { type AptContext, readPackage, withPackages } from './debian-packages.ts'
import { extractPrograms, pickFromPackage } from './extract.ts'
import type { DebianArchive } from './mirror.ts'

type DebianSource = Extract<EtcdSource, { kind: 'debian' }>

const PACKAGES = ['etcd-server', 'etcd-client'] as const

const OTHERWISE = 'or take etcd from a release (etcd.source.release) or from a file (etcd.source.file)'

/**
 * Queries the archive through a separate apt, and unpacks the programs into `staging`. Throws an `artifact` error if
 * the suite has another version now.
 */
export async function fetchDebian(
  source: DebianSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  return await withPackages(archiveOf(source), PACKAGES, arch, context, async (apt, packages) => {
    const server = checkVersions(packages, source.suite, version, arch)
    context.emit({
      kind: 'artifact',
      text: `downloading etcd ${server.version} for ${arch} from Debian ${source.suite}`,
    })
    await apt.download(packages)
    const { signal } = context
    const names = packages.map(async (found) => {
      const extract = async (tar: Readable, origin: string) =>
        await extractPrograms([tar], { pick: pickFromPackage, directory: staging, origin, signal })
      return await readPackage(found, apt, signal, extract)
    })
    return {
      names: (await Promise.all(names)).flat(),
      origin: `Debian ${source.suite}, etcd-server ${server.version}`,
    }
  })
}

function archiveOf({ suite, mirror }: Pick<DebianSource, 'suite' | 'mirror'>): DebianArchive {
  return { suite, mirror, wanted: 'etcd', otherwise: OTHERWISE, mirrorKey: 'etcd.source.debian.mirror' }
}

/** The version of etcd that a suite has now, `3.5.16`; undefined if it has none for `arch`. Errors as `fetchDebian`. */
export async function debianVersion(
  source: Pick<DebianSource, 'suite' | 'mirror'>,
  arch: Architecture,
  context: AptContext,
): Promise<string | undefined> {
  return await withPackages(archiveOf(source), PACKAGES, arch, context, async (_, packages) => {
    const server = packages.find((found) => found.name === PACKAGES[0])
    return server === undefined ? undefined : upstreamVersion(server.version)
  })
}

function checkVersions(
  packages: readonly AptPackage[],
  suite: string,
  version: string,
  arch: string,
): AptPackage {
  for (const name of PACKAGES) {
    const found = packages.find((one) => one.name === name)
    if (found === undefined) {
      throw new QuorateError('artifact', `Debian ${suite} has no package ${name} for ${arch}`, {
        hint: 'check the suite in the cluster file, or take etcd from a release or a file',
      })
    }
    const upstream = upstreamVersion(found.version)
    if (upstream !== version) {
      throw new QuorateError(
        'artifact',
        `Debian ${suite} now has etcd ${upstream}, but the cluster file names ${version}`,
        {
          id: 'another-version-in-debian',
          hint: `set version: '${upstream}' in the cluster file, or take ${version} from a release or a file`,
        },
      )
    }
  }
  const [server] = packages.filter((found) => found.name === PACKAGES[0])
  if (server === undefined) throw new TypeError('checked above')
  return server
}

/** etcd's own version in a Debian version: `3.3.25` for `3.3.25+dfsg-6+b6`. */
export function upstreamVersion(debian: string): string {
  return debian
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/[+~](dfsg|ds)[\d.]*$/, '')
}
