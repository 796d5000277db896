/**
 * The images of a Kubernetes that was built on the workstation, for nodes without a registry. Pure: data from data.
 *
 * One image contains all of Kubernetes and has four names, because kubeadm's manifests and kube-proxy's DaemonSet start
 * each program by its own name. So a node stores and unpacks it only once.
 */
import type { ImageNames, ImageRole } from '../../kubernetes/image-names.ts'
import type { Artifact } from '../artifact.ts'
import type { Image, ImageEntry } from '../oci-archive.ts'
import type { BuiltProgram } from './build.ts'

const STARTED_AS = ['kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler'] as const

/** What programs expect in any system: a user account, and a directory for temporary files. */
const SURROUNDINGS: readonly ImageEntry[] = [
  { kind: 'text', path: 'etc/passwd', text: 'root:x:0:0:root:/:/sbin/nologin\n', mode: 0o644 },
  { kind: 'text', path: 'etc/group', text: 'root:x:0:\n', mode: 0o644 },
  { kind: 'folder', path: 'tmp', mode: 0o1777 },
]

/** Archives of images, by file name, in the order that nodes import them. */
export const ARCHIVES = ['pause.tar', 'kubernetes.tar', 'flannel.tar', 'coredns.tar'] as const
export type ArchiveName = (typeof ARCHIVES)[number]

export interface WantedImage extends Image {
  readonly roles: readonly ImageRole[]
}

/** @param tools programs that kube-proxy and flanneld call, with their libraries */
export function kubernetesImages(
  { files, arch }: Pick<Artifact<BuiltProgram>, 'files' | 'arch'>,
  tools: readonly ImageEntry[],
  names: ImageNames,
): Readonly<Record<ArchiveName, WantedImage>> {
  const program = (name: BuiltProgram, path: string): ImageEntry => {
    const file = files.find((one) => one.name === name)
    if (file === undefined) throw new TypeError(`there is no ${name} among the programs`)
    return { kind: 'file', path, from: file.path, mode: 0o755 }
  }
  const links = STARTED_AS.map((name): ImageEntry => ({
    kind: 'link',
    path: `usr/local/bin/${name}`,
    to: 'kubernetes',
    mode: 0o777,
  }))
  const everywhere = ['master', 'worker'] as const
  return {
    'pause.tar': {
      names: [names.pause],
      roles: everywhere,
      arch,
      entries: [program('pause', 'pause')],
      entrypoint: ['/pause'],
      user: '65535:65535',
    },
    'kubernetes.tar': {
      names: [names.apiServer, names.controllerManager, names.kubeProxy, names.scheduler],
      roles: everywhere,
      arch,
      entries: [...SURROUNDINGS, ...tools, program('kubernetes', 'usr/local/bin/kubernetes'), ...links],
      entrypoint: ['/usr/local/bin/kubernetes'],
    },
    'flannel.tar': {
      names: [names.flannel],
      roles: everywhere,
      arch,
      entries: [...SURROUNDINGS, ...tools, program('flanneld', 'opt/bin/flanneld')],
      entrypoint: ['/opt/bin/flanneld'],
    },
    'coredns.tar': {
      names: [names.coredns],
      roles: ['master'],
      arch,
      entries: [...SURROUNDINGS, program('coredns', 'coredns')],
      entrypoint: ['/coredns'],
    },
  }
}
