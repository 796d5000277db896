/** The images of a Kubernetes whose programs were built here, for nodes that ask no registry. Pure: data from data. */
import type { Artifact } from '../artifact.ts'
import type { Image, ImageEntry } from '../oci-archive.ts'
import type { BuiltProgram, KubernetesVersions } from './build.ts'

/** The tag of Kubernetes' own image of that kind; what ours does is the same in all versions. */
export const PAUSE_TAG = '3.10.2'

const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const

/** What programs expect of any system: an account, and a place for temporary files. */
const SURROUNDINGS: readonly ImageEntry[] = [
  { kind: 'text', path: 'etc/passwd', text: 'root:x:0:0:root:/:/sbin/nologin\n', mode: 0o644 },
  { kind: 'text', path: 'etc/group', text: 'root:x:0:\n', mode: 0o644 },
  { kind: 'folder', path: 'tmp', mode: 0o1777 },
]

/**
 * One archive each, by the file name that it is to have. The three components of a control plane are one image with three
 * names: kubeadm's manifests start each by its own.
 *
 * @param repository before the names: `registry.k8s.io`
 */
export function kubernetesImages(
  { files, arch }: Artifact<BuiltProgram>,
  { kubernetes, coredns }: KubernetesVersions,
  repository: string,
): Readonly<Record<string, Image>> {
  const at = (name: BuiltProgram) => {
    const file = files.find((one) => one.name === name)
    if (file === undefined) throw new TypeError(`there is no ${name} among the programs`)
    return file.path
  }
  const program = (name: BuiltProgram, path: string): ImageEntry => ({
    kind: 'file',
    path,
    from: at(name),
    mode: 0o755,
  })
  const links = CONTROL_PLANE.map((name): ImageEntry => ({
    kind: 'link',
    path: `usr/local/bin/${name}`,
    to: 'kubernetes',
    mode: 0o777,
  }))
  return {
    'control-plane.tar': {
      names: CONTROL_PLANE.map((name) => `${repository}/${name}:v${kubernetes}`),
      arch,
      entries: [...SURROUNDINGS, program('kubernetes', 'usr/local/bin/kubernetes'), ...links],
      entrypoint: ['/usr/local/bin/kubernetes'],
    },
    'coredns.tar': {
      names: [`${repository}/coredns:v${coredns}`],
      arch,
      entries: [...SURROUNDINGS, program('coredns', 'coredns')],
      entrypoint: ['/coredns'],
    },
    'pause.tar': {
      names: [`${repository}/pause:${PAUSE_TAG}`],
      arch,
      entries: [program('pause', 'pause')],
      entrypoint: ['/pause'],
      user: '65535:65535',
    },
  }
}
