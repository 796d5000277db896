/** The file names of the releases of the projects that a kubelet depends on. Pure. */
import type { RuntimePart, RuntimeProduct } from '../../kubernetes/runtime-parts.ts'
import type { Architecture } from '../artifact.ts'

export interface Published {
  /** For messages. */
  readonly title: string
  /** Below the site's URL, without the file: `opencontainers/runc/releases/download/v1.5.3`. */
  readonly path: string
  readonly file: string
  /** The file that contains its SHA-256. */
  readonly checksums: string
  /** The directory of the programs in the archive, with a final slash; undefined: the file is the program itself. */
  readonly directory: string | undefined
}

type Form = (version: string, arch: Architecture) => Omit<Published, 'path'> & { readonly repository: string }

const FORMS: Readonly<Record<RuntimeProduct, Form>> = {
  containerd: (version, arch) => ({
    title: 'containerd',
    repository: 'containerd/containerd',
    ...besides(`containerd-${version}-linux-${arch}.tar.gz`, 'sha256sum'),
    directory: 'bin/',
  }),
  // One clear-signed list for all architectures.
  runc: (_version, arch) => ({
    title: 'runc',
    repository: 'opencontainers/runc',
    file: `runc.${arch}`,
    checksums: 'runc.sha256sum',
    directory: undefined,
  }),
  'cni-plugins': (version, arch) => ({
    title: 'CNI plugins',
    repository: 'containernetworking/plugins',
    ...besides(`cni-plugins-linux-${arch}-v${version}.tgz`, 'sha256'),
    directory: '',
  }),
  crictl: (version, arch) => ({
    title: 'crictl',
    repository: 'kubernetes-sigs/cri-tools',
    ...besides(`crictl-v${version}-linux-${arch}.tar.gz`, 'sha256'),
    directory: '',
  }),
}

export function publishedAs({ product, version }: RuntimePart, arch: Architecture): Published {
  const { repository, ...form } = FORMS[product](version, arch)
  return { ...form, path: `${repository}/releases/download/v${version}` }
}

function besides(file: string, ending: string): Pick<Published, 'file' | 'checksums'> {
  return { file, checksums: `${file}.${ending}` }
}
