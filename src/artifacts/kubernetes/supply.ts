/** What the nodes of a Kubernetes get from the workstation, wherever the cluster file says it comes from. */
import type { ImageRole } from '../../kubernetes/image-names.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import type { Architecture, ArtifactContext } from '../artifact.ts'

export interface KubernetesArtifacts {
  readonly programs: readonly NodeProgram[]
  /** Empty if nodes pull their images from `imageRepository`. */
  readonly images: readonly ImageArchive[]
}

/** A program for every node. */
export interface NodeProgram {
  /** `kubelet`; `kubernetes` is all programs of Kubernetes in one, that looks at the name it is started by. */
  readonly name: string
  /** Absolute path on the workstation. Not to be changed or removed. */
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Names beside it that lead to it: `kubeadm`, `kubelet`, `kubectl` for `kubernetes`. */
  readonly links: readonly string[]
}

/** One image as an OCI layout in a tar, for `ctr --namespace=k8s.io images import`. */
export interface ImageArchive {
  /** Absolute path on the workstation. Not to be changed or removed. */
  readonly path: string
  /** Hex, of the archive. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Full names with tags. */
  readonly names: readonly string[]
  /** The nodes that need it. */
  readonly roles: readonly ImageRole[]
}

/**
 * Programs and image archives for nodes of this architecture: from the cache, or obtained from `spec.source` and verified.
 *
 * @throws QuorateError `artifact` if they can't be had or are not what they should be; `cancelled`
 */
export async function obtainKubernetesArtifacts(
  spec: KubernetesSpec,
  arch: Architecture,
  context: ArtifactContext,
): Promise<KubernetesArtifacts> {
  const { source } = spec
  switch (source.kind) {
    case 'modules': {
      const { obtainBuilt } = await import('./built.ts')
      return await obtainBuilt({ ...spec, source }, arch, context)
    }
    case 'release': {
      const { obtainRelease } = await import('./release.ts')
      const { files } = await obtainRelease({ ...spec, source }, arch, context)
      return { programs: files.map((file) => ({ ...file, links: [] })), images: [] }
    }
    case 'folder': {
      const { obtainFromFolder } = await import('./folder.ts')
      return await obtainFromFolder({ ...spec, source }, arch, context)
    }
  }
}
