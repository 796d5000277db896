/** Paths of containerd and of a node's programs, and how quorate recognizes its own files. */
import { RUNTIME_PROGRAMS } from '../../kubernetes/runtime-parts.ts'

export const CONTAINERD = {
  unit: 'containerd.service',
  package: 'containerd',
  configuration: '/etc/containerd/config.toml',
  /** quorate's own unit, for a containerd from a release. It overrides a package's unit. */
  unitFile: '/etc/systemd/system/containerd.service',
} as const

/** Where distributions put their package's unit; often both are the same directory. */
export const PACKAGED_UNITS = ['/usr/lib/systemd/system', '/lib/systemd/system'].map(
  (directory) => `${directory}/${CONTAINERD.unit}`,
)

/** For nodes without a default route: Services' addresses need a route before they are translated. */
export const SERVICE_ROUTE = {
  unit: 'quorate-service-route.service',
  file: '/etc/systemd/system/quorate-service-route.service',
} as const

/** The programs of each product. */
export const PROGRAMS = {
  kubernetes: ['kubeadm', 'kubelet', 'kubectl'],
  flannel: ['flanneld'],
  ...RUNTIME_PROGRAMS,
} as const
export type ProgramProduct = keyof typeof PROGRAMS

/** The only directory in which the agent installs programs. */
export const PROGRAM_ROOT = '/opt/quorate'

/** The directory that contains all versions. */
export function productDirectory(product: ProgramProduct): string {
  return `${PROGRAM_ROOT}/${product}`
}

export function programDirectory(product: ProgramProduct, version: string): string {
  return `${productDirectory(product)}/${version}`
}

/**
 * Programs that get a link in PATH. CNI's plugins don't, because they are started by path, and `bridge` is also a
 * program of iproute2.
 */
export function linkedPrograms(product: ProgramProduct): readonly string[] {
  return product === 'cni-plugins' ? [] : PROGRAMS[product]
}

export function programLink(program: string): string {
  return `/usr/local/bin/${program}`
}

/** The first line of a file that quorate writes. */
export function signature(cluster: string): string {
  return `# Written by quorate for the cluster ${cluster}. The next apply overwrites what is changed by hand.`
}

/** The cluster that a file was written for; undefined: it isn't quorate's. */
export function writtenFor(text: string): string | undefined {
  return /^# Written by quorate for the cluster ([a-z0-9-]{1,63})\./.exec(text)?.[1]
}
