/**
 * `quorate bundle`: packs Kubernetes' programs and images into one file, for workstations and nodes without access to a
 * registry. Connects to no node.
 */
import { stat } from 'node:fs/promises'
import { QuorateError } from '../../errors.ts'
import type { Architecture, ArtifactContext } from '../../artifacts/artifact.ts'
import {
  type BundleManifest,
  architecturesOf,
  checkServes,
  partsOf,
} from '../../artifacts/kubernetes/bundle-manifest.ts'
import { openBundle } from '../../artifacts/kubernetes/bundle-read.ts'
import { writeBundle } from '../../artifacts/kubernetes/bundle-write.ts'
import { pullImages } from '../../artifacts/kubernetes/pull.ts'
import { type KubernetesArtifacts, obtainKubernetesArtifacts } from '../../artifacts/kubernetes/supply.ts'
import { imageNames } from '../../kubernetes/image-names.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'

export interface BundleReport {
  /** Absolute path. */
  readonly file: string
  /** Hex: what `kubernetes.source.folder.sha256` pins. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Of Kubernetes. */
  readonly version: string
  readonly architectures: readonly Architecture[]
  readonly programs: BundleManifest['programs']
  readonly images: BundleManifest['images']
}

export interface CreateOptions {
  readonly architectures: readonly Architecture[]
  /** Absolute path of a file that doesn't exist yet. */
  readonly file: string
}

/**
 * Downloads the programs that the cluster file names, for each architecture, and pulls the images from where nodes
 * would. Then reads back what it wrote.
 *
 * @throws QuorateError `cluster-file` without `kubernetes`; `artifact`; `state` if the file exists already;
 *   `cancelled`. In all cases no file is left.
 */
export async function createBundle(
  cluster: Pick<Cluster, 'file' | 'kubernetes'>,
  { architectures, file }: CreateOptions,
  context: ArtifactContext,
): Promise<BundleReport> {
  const { kubernetes } = cluster
  if (kubernetes === undefined) {
    throw new QuorateError('cluster-file', `${cluster.file} has no Kubernetes section`, {
      id: 'no-kubernetes',
      hint: "add `kubernetes: { version: '1.37.2' }` to the cluster file",
    })
  }
  const collected: Partial<Record<Architecture, KubernetesArtifacts>> = {}
  for (const arch of architectures) collected[arch] = await collect(kubernetes, arch, context)
  await writeBundle(kubernetes.version, collected, file, context.signal)
  const report = await verifyBundle(file, context)
  for (const arch of architectures)
    checkServes({ ...report, format: 1, product: 'kubernetes' }, kubernetes, arch, file)
  return report
}

async function collect(spec: KubernetesSpec, arch: Architecture, context: ArtifactContext) {
  const artifacts = await obtainKubernetesArtifacts(spec, arch, context)
  if (artifacts.images.length > 0) return artifacts
  return { ...artifacts, images: await pullImages(imageNames(spec), spec.version, arch, context) }
}

/**
 * Reads all of a bundle, and compares every checksum.
 *
 * @param file absolute path of a bundle, or of the directory of an unpacked one
 * @throws QuorateError `artifact` if it is damaged; `cancelled`
 */
export async function verifyBundle(
  file: string,
  { emit, signal }: Pick<ArtifactContext, 'emit' | 'signal'>,
): Promise<BundleReport> {
  await using bundle = await openBundle(file)
  const { manifest } = bundle
  try {
    emit({ kind: 'artifact', text: `comparing the checksums of ${file}` })
    for (const part of partsOf(manifest)) await bundle.read(part, undefined, signal)
    return {
      file,
      sha256: await bundle.sha256(signal),
      sizeBytes: (await stat(file)).size,
      version: manifest.version,
      architectures: architecturesOf(manifest),
      programs: manifest.programs,
      images: manifest.images,
    }
  } catch (error) {
    if (signal.aborted) throw new QuorateError('cancelled', `reading ${file} was canceled`, { cause: error })
    throw error
  }
}
