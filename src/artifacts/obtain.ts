/** The way in: etcd's binaries for a cluster file, from wherever it says they come. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { EtcdSource, EtcdSpec } from '../spec/cluster.ts'
import type { Architecture, Artifact, ArtifactContext, Fetched } from './artifact.ts'
import { ownArchitecture } from './artifact.ts'
import { findCached, store, temporarySibling } from './cache.ts'
import { removeAbandoned } from './abandoned.ts'
import { checkArchitecture } from './elf.ts'
import { checkClaimedVersion } from './claimed-version.ts'
import { sourceKey } from './source-key.ts'

/**
 * etcd's binaries of `spec.version` for `arch`: from the cache if they are there and unharmed, else fetched from
 * `spec.source`, verified, and kept. Two runs at once may both fetch; both get the same complete entry.
 *
 * Throws an `artifact` error if they can't be had or are not what they should be, `cancelled` if the signal fires.
 *
 * @example
 * const artifact = await obtainEtcd(cluster.etcd, 'amd64', { cacheDirectory: cacheDirectory(process.env), emit, signal })
 * artifact.files // [{ name: 'etcd', path: '/home/…/etcd', sha256: '…', sizeBytes: 25830992 }, …]
 */
export async function obtainEtcd(
  spec: Pick<EtcdSpec, 'version' | 'source'>,
  arch: Architecture,
  context: ArtifactContext,
): Promise<Artifact> {
  const { version, source } = spec
  try {
    const shelf = path.join(context.cacheDirectory, 'artifacts')
    const entry = path.join(shelf, `${version}-${arch}-${await sourceKey(source)}`)
    const cached = await findCached(entry, context)
    if (cached !== undefined) return cached

    await mkdir(shelf, { recursive: true, mode: 0o700 })
    await removeAbandoned(shelf, '.')
    const staging = await temporarySibling(entry)
    try {
      const fetched = await fetchFrom(source, version, arch, staging, context)
      await verify(version, arch, staging, fetched, context)
      return await store(entry, staging, { version, arch, ...fetched }, context)
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } catch (error) {
    if (context.signal.aborted) {
      throw new QuorateError('cancelled', `Fetching etcd ${version} was cancelled`, { cause: error })
    }
    throw QuorateError.from(error, 'artifact', `Can't obtain etcd ${version} for ${arch}`)
  }
}

/** Sources are loaded when used: a run that finds everything in the cache needs neither HTTP nor tar. */
async function fetchFrom(
  source: EtcdSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  if (source.kind === 'release') {
    return await (await import('./release.ts')).fetchRelease(source, version, arch, staging, context)
  }
  if (source.kind === 'debian') {
    return await (await import('./debian.ts')).fetchDebian(source, version, arch, staging, context)
  }
  return await (await import('./file.ts')).fetchFile(source, version, arch, staging, context)
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
        hint: "Give a release archive of etcd, or a folder that holds 'etcd' and 'etcdctl'.",
      })
    }
  }
  for (const name of fetched.names)
    await checkArchitecture(path.join(staging, name), name, arch, fetched.origin)
  if (arch === ownArchitecture()) {
    await checkClaimedVersion(path.join(staging, 'etcd'), version, fetched.origin, context)
  } else {
    const text = `etcd ${version} for ${arch} does not run on this machine: its own word on its version was not asked`
    context.emit({ kind: 'artifact', text })
  }
}
