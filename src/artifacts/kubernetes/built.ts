/** Kubernetes built from Go modules, as nodes get it: its programs, and images that contain them. Both are cached. */
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type ImageNames, imageNames } from '../../kubernetes/image-names.ts'
import { kubernetesFacts } from '../../kubernetes/versions.ts'
import type { KubernetesSource, KubernetesSpec } from '../../spec/kubernetes.ts'
import type { Architecture, Artifact, ArtifactContext } from '../artifact.ts'
import type { Product } from '../cache.ts'
import { OCI_ARCHIVE_FORMAT, writeImage } from '../oci-archive.ts'
import { fromShelf } from '../shelf.ts'
import type { BuiltProgram } from './build.ts'
import { ARCHIVES, type ArchiveName, kubernetesImages } from './images.ts'
import { obtainKubernetes } from './obtain.ts'
import { TOOLS_RECIPE, fetchTools } from './tools.ts'
import type { ImageArchive, KubernetesArtifacts, NodeProgram } from './supply.ts'

type BuiltSpec = Pick<KubernetesSpec, 'version' | 'imageRepository' | 'flannel'> & {
  readonly source: Extract<KubernetesSource, { kind: 'modules' }>
}

const PRODUCT: Product<ArchiveName> = { title: 'the images of Kubernetes', names: ARCHIVES }

/** @throws as `obtainKubernetesArtifacts` */
export async function obtainBuilt(
  spec: BuiltSpec,
  arch: Architecture,
  context: ArtifactContext,
): Promise<KubernetesArtifacts> {
  const { coredns, flannel } = kubernetesFacts(spec.version)
  const versions = { kubernetes: spec.version, coredns, flannel }
  const programs = await obtainKubernetes(spec.source, versions, arch, context)
  return {
    programs: nodePrograms(programs, spec),
    images: await obtainImages(programs, imageNames(spec), context),
  }
}

function nodePrograms({ files }: Artifact<BuiltProgram>, { flannel }: BuiltSpec): readonly NodeProgram[] {
  const links: Partial<Record<BuiltProgram, readonly string[]>> = {
    kubernetes: ['kubeadm', 'kubelet', 'kubectl'],
    ...(flannel === 'service' ? { flanneld: [] } : {}),
  }
  return files.flatMap((file) => {
    const own = links[file.name]
    return own === undefined ? [] : [{ ...file, links: own }]
  })
}

async function obtainImages(
  programs: Artifact<BuiltProgram>,
  names: ImageNames,
  context: ArtifactContext,
): Promise<readonly ImageArchive[]> {
  const { version, arch, origin } = programs
  const wanted = {
    product: PRODUCT,
    folder: 'kubernetes-images',
    version,
    arch,
    key: recipe(programs, names),
  }
  const artifact = await fromShelf(wanted, context, async (staging) => {
    const folder = path.join(staging, 'tools')
    await mkdir(folder)
    const tools = await fetchTools(arch, folder, context)
    context.emit({ kind: 'artifact', text: `creating images of Kubernetes ${version} for ${arch}` })
    const images = kubernetesImages(programs, tools.entries, names)
    for (const name of ARCHIVES) await writeImage(images[name], path.join(staging, name), context.signal)
    await rm(folder, { recursive: true })
    return { origin: `${origin}; ${tools.origin}`, names: ARCHIVES }
  })
  const images = kubernetesImages(programs, [], names)
  return artifact.files.map(({ name, ...file }) => ({
    ...file,
    names: images[name].names,
    roles: images[name].roles,
  }))
}

/**
 * Distinguishes sets of images that are made differently: from other programs, with other names, or with other files
 * around them.
 */
function recipe(programs: Artifact<BuiltProgram>, names: ImageNames): string {
  const sums = new Map(programs.files.map((file) => [file.path, file.sha256]))
  const images = Object.values(kubernetesImages(programs, [], names)).map(({ entries, ...image }) => ({
    ...image,
    entries: entries.map((one) => (one.kind === 'file' ? { ...one, from: sums.get(one.from) } : one)),
  }))
  return createHash('sha256')
    .update(JSON.stringify([images, TOOLS_RECIPE, OCI_ARCHIVE_FORMAT]))
    .digest('hex')
    .slice(0, 12)
}
