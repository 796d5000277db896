/** What Kubernetes nodes get from the workstation, whatever source the cluster file names. */
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
  /**
   * `kubelet`; or `kubernetes`, which contains all programs of Kubernetes and acts as the one whose name it is started
   * by.
   */
  readonly name: string
  /** Absolute path on the workstation. Don't change or remove it. */
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Names of links to it in the same directory: `kubeadm`, `kubelet`, `kubectl` for `kubernetes`. */
  readonly links: readonly string[]
}

/** One image as an OCI layout in a tar, for `ctr --namespace=k8s.io images import`. */
export interface ImageArchive {
  /** Absolute path on the workstation. Don't change or remove it. */
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
 * Programs and image archives for nodes of this architecture: from the cache, or obtained from `spec.source` and
 * verified.
 *
 * @throws QuorateError `artifact` if they are unavailable or fail verification; `cancelled`
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
