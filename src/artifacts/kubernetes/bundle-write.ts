/** Makes an air-gap bundle: one tar with a manifest, programs and image archives. The same content gives the same bytes. */
import { createReadStream, createWriteStream } from 'node:fs'
import { link, lstat, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-stream'
import { QuorateError } from '../../errors.ts'
import { syncDirectory } from '../../files/atomic-file.ts'
import { draftBeside } from '../../files/temporary.ts'
import type { Architecture } from '../artifact.ts'
import { type BundleManifest, MANIFEST_FILE } from './bundle-manifest.ts'
import type { KubernetesArtifacts } from './supply.ts'

export type Collected = Readonly<Partial<Record<Architecture, KubernetesArtifacts>>>

/** @param version `1.37.2` */
export function manifestOf(version: string, collected: Collected): BundleManifest {
  const each = Object.entries(collected) as [Architecture, KubernetesArtifacts][]
  return {
    format: 1,
    product: 'kubernetes',
    version,
    programs: each.flatMap(([arch, { programs }]) =>
      programs.map(
        ({ name, sha256, sizeBytes, links }) => ({ arch, name, sha256, sizeBytes, links }) as Program,
      ),
    ),
    images: each.flatMap(([arch, { images }]) =>
      images.map(({ path: file, sha256, sizeBytes, names, roles }) => ({
        arch,
        name: path.basename(file),
        sha256,
        sizeBytes,
        names: [...names],
        roles: [...roles],
      })),
    ),
  }
}
type Program = BundleManifest['programs'][number]

/**
 * Atomic: it is complete under its name or doesn't exist. Never replaces a file.
 *
 * @param target absolute path
 * @throws QuorateError `state` if the file exists; the system's error if it can't be written
 */
export async function writeBundle(
  version: string,
  collected: Collected,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await requireNew(target)
  const draft = await draftBeside(target)
  try {
    const output = createWriteStream(draft, { mode: 0o644, flags: 'wx', flush: true })
    const pack = tar.pack()
    const text = `${JSON.stringify(manifestOf(version, collected), undefined, 2)}\n`
    const filled = fill(pack, text, collected).then(
      () => pack.finalize(),
      (error: Error) => pack.destroy(error),
    )
    await Promise.all([pipeline(pack, output, { signal }), filled])
    await link(draft, target).catch(async (error: unknown) => {
      await requireNew(target)
      throw error
    })
    await syncDirectory(path.dirname(target))
  } finally {
    await rm(draft, { force: true })
  }
}

async function fill(pack: tar.Pack, manifest: string, collected: Collected): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    pack.entry({ name: MANIFEST_FILE, mode: 0o644, mtime: new Date(0) }, manifest, done)
  })
  const each = Object.entries(collected) as [Architecture, KubernetesArtifacts][]
  const parts = [
    ...each.flatMap(([arch, { programs }]) =>
      programs.map((one) => ({
        file: one.path,
        name: `${arch}/${one.name}`,
        mode: 0o755,
      })),
    ),
    ...each.flatMap(([arch, { images }]) =>
      images.map((one) => ({ file: one.path, name: `${arch}/${path.basename(one.path)}`, mode: 0o644 })),
    ),
  ]
  for (const { file, name, mode } of parts) {
    const { size } = await stat(file)
    await pipeline(createReadStream(file), pack.entry({ name, mode, size, mtime: new Date(0) }))
  }
}

async function requireNew(file: string): Promise<void> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw QuorateError.from(error, 'state', `${file} can't be written`)
  })
  if (found === undefined) return
  throw new QuorateError('state', `${file} already exists and is not replaced`, {
    id: 'file-exists',
    hint: 'give another name, or rename the existing file',
  })
}
