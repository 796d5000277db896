/** Gets etcd's binaries from the source that the cluster file names. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside, sweep } from '../files/temporary.ts'
import { minorOf } from '../etcd/versions.ts'
import type { EtcdSource, EtcdSpec } from '../spec/cluster.ts'
import type { Architecture, Artifact, ArtifactContext, BinaryName, Fetched } from './artifact.ts'
import { BINARY_NAMES, ownArchitecture } from './artifact.ts'
import { type Product, findCached, store } from './cache.ts'
import { checkArchitecture } from './elf.ts'
import { checkClaimedVersion } from './claimed-version.ts'
import { sha256OfFile } from './hash.ts'
import { checkProgramPins, pinsKey, pinsOf } from './pins.ts'
import { sourceKey } from './source-key.ts'

const ETCD: Product<BinaryName> = { title: 'etcd', names: BINARY_NAMES }

/**
 * etcd's binaries of `spec.version` for `arch`: from the cache if they are intact, else downloaded from `spec.source`,
 * verified, and cached. The checksums in `spec.sha256` for `arch` are compared each time, whatever the source is. Two
 * runs at once may both download; both get the same complete entry.
 *
 * Throws an `artifact` error if they are unavailable or fail verification, `cancelled` if the signal fires.
 *
 * @example const artifact = await obtainEtcd(cluster.etcd, 'amd64', { cacheDirectory: cacheDirectory(process.env),
 *   emit, signal }) artifact.files // [{ name: 'etcd', path: '/home/…/etcd', sha256: '…', sizeBytes: 25830992 }, …]
 */
export async function obtainEtcd(
  spec: Pick<EtcdSpec, 'version' | 'source' | 'sha256'>,
  arch: Architecture,
  context: ArtifactContext,
): Promise<Artifact> {
  const { version, source } = spec
  try {
    // It becomes part of a path and of a URL, and may come from a backup or a node.
    minorOf(version)
    const shelf = path.join(context.cacheDirectory, 'artifacts')
    const pins = pinsOf(spec, arch)
    const entry = path.join(shelf, `${version}-${arch}-${await sourceKey(source)}${pinsKey(pins)}`)
    const pinned = (artifact: Artifact) => {
      if (pins !== undefined) checkProgramPins(pins, artifact.files, arch, artifact.origin)
      return artifact
    }
    const cached = await findCached(entry, ETCD, context)
    if (cached !== undefined) return pinned(cached)

    await mkdir(shelf, { recursive: true, mode: 0o700 })
    // Earlier versions had no mark in the names of their temporary files.
    await sweep(shelf, /^\./)
    const staging = await draftFolderBeside(entry)
    try {
      const fetched = await fetchFrom({ source, version, arch, archivePin: pins?.archive }, staging, context)
      if (pins !== undefined) {
        // Before any program is started to read its version.
        const files = fetched.names.map(async (name) => ({
          name,
          sha256: await sha256OfFile(path.join(staging, name), context.signal),
        }))
        checkProgramPins(pins, await Promise.all(files), arch, fetched.origin)
      }
      await verify(version, arch, staging, fetched, context)
      return pinned(await store(entry, staging, ETCD, { version, arch, ...fetched }, context))
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } catch (error) {
    if (context.signal.aborted) {
      throw new QuorateError('cancelled', `fetching etcd ${version} was canceled`, { cause: error })
    }
    throw QuorateError.from(error, 'artifact', `can't obtain etcd ${version} for ${arch}`)
  }
}

interface Wanted {
  readonly source: EtcdSource
  readonly version: string
  readonly arch: Architecture
  readonly archivePin: string | undefined
}

/** Sources are loaded on demand: a run that finds everything in the cache needs neither HTTP nor tar. */
async function fetchFrom(
  { source, version, arch, archivePin }: Wanted,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  if (source.kind === 'release') {
    const { fetchRelease } = await import('./release.ts')
    return await fetchRelease({ ...source, archivePin }, version, arch, staging, context)
  }
  if (source.kind === 'debian') {
    return await (await import('./debian.ts')).fetchDebian(source, version, arch, staging, context)
  }
  if (source.kind === 'modules') {
    return await (await import('./modules.ts')).buildModules(source, version, arch, staging, context)
  }
  const { fetchFile } = await import('./file.ts')
  return await fetchFile({ ...source, archivePin }, version, arch, staging, context)
}

async function verify(
  version: string,
  arch: Architecture,
  staging: string,
  fetched: Fetched,
  context: ArtifactContext,
): Promise<void> {
  for (const name of ['etcd', 'etcdctl'] as const) {
    if (!fetched.names.includes(name)) {
      throw new QuorateError('artifact', `${fetched.origin} has no ${name}`, {
        id: 'program-is-missing',
        hint: "use a release archive of etcd, or a directory that contains 'etcd' and 'etcdctl'",
      })
    }
  }
  for (const name of fetched.names)
    await checkArchitecture(path.join(staging, name), name, arch, fetched.origin)
  if (arch === ownArchitecture()) {
    await checkClaimedVersion(path.join(staging, 'etcd'), version, fetched.origin, context)
  } else {
    const text = `etcd ${version} for ${arch} can't run on the workstation: its version was not verified`
    context.emit({ kind: 'artifact', text })
  }
}
