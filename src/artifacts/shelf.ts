/** An entry of the cache, made if it is missing: the common part of all products. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside, sweep } from '../files/temporary.ts'
import type { Architecture, Artifact, ArtifactContext, Fetched } from './artifact.ts'
import { type Product, findCached, store } from './cache.ts'

export interface Wanted<N extends string> {
  readonly product: Product<N>
  /** First word of the entry's name: `kubernetes`. */
  readonly folder: string
  readonly version: string
  readonly arch: Architecture
  /** Distinguishes entries of the same version and architecture, `release-5a93f92eef63`. Letters, digits, hyphens. */
  readonly key: string
}

/**
 * The intact entry from the cache, or else what `make` puts into the directory that it gets. Two runs at once may both
 * make it; both get the same complete entry.
 *
 * @throws QuorateError `artifact` if it is unavailable; `cancelled` if the signal fires
 */
export async function fromShelf<N extends string>(
  { product, folder, version, arch, key }: Wanted<N>,
  context: ArtifactContext,
  make: (staging: string) => Promise<Fetched<N>>,
): Promise<Artifact<N>> {
  const subject = `${product.title} ${version}`
  try {
    const shelf = path.join(context.cacheDirectory, 'artifacts')
    const entry = path.join(shelf, `${folder}-${version}-${arch}-${key}`)
    const cached = await findCached(entry, product, context)
    if (cached !== undefined) return cached
    await mkdir(shelf, { recursive: true, mode: 0o700 })
    await sweep(shelf)
    const staging = await draftFolderBeside(entry)
    try {
      const made = await make(staging)
      return await store(entry, staging, product, { version, arch, ...made }, context)
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } catch (error) {
    if (context.signal.aborted)
      throw new QuorateError('cancelled', `obtaining ${subject} was canceled`, { cause: error })
    throw QuorateError.from(error, 'artifact', `can't obtain ${subject} for ${arch}`)
  }
}
