/** Where containerd and the programs of a node lie, and how a file of quorate's is told from another's. */
import { RUNTIME_PROGRAMS } from '../../kubernetes/runtime-parts.ts'

export const CONTAINERD = {
  unit: 'containerd.service',
  package: 'containerd',
  configuration: '/etc/containerd/config.toml',
  /** quorate's own, of a containerd from a release. It would hide that of a package. */
  unitFile: '/etc/systemd/system/containerd.service',
} as const

/** Where distributions put the unit of their package; often both are one directory. */
export const PACKAGED_UNITS = ['/usr/lib/systemd/system', '/lib/systemd/system'].map(
  (directory) => `${directory}/${CONTAINERD.unit}`,
)

/** Of machines without a default route: Services' addresses need one before they are translated. */
export const SERVICE_ROUTE = {
  unit: 'quorate-service-route.service',
  file: '/etc/systemd/system/quorate-service-route.service',
} as const

/** By product, the programs. */
export const PROGRAMS = {
  kubernetes: ['kubeadm', 'kubelet', 'kubectl'],
  flannel: ['flanneld'],
  ...RUNTIME_PROGRAMS,
} as const
export type ProgramProduct = keyof typeof PROGRAMS

/** The agent installs programs nowhere else. */
export const PROGRAM_ROOT = '/opt/quorate'

/** With all versions. */
export function productDirectory(product: ProgramProduct): string {
  return `${PROGRAM_ROOT}/${product}`
}

export function programDirectory(product: ProgramProduct, version: string): string {
  return `${productDirectory(product)}/${version}`
}

/** Programs that get a link to them. CNI's plugins are started by their paths, and `bridge` is a program of iproute2 too. */
export function linkedPrograms(product: ProgramProduct): readonly string[] {
  return product === 'cni-plugins' ? [] : PROGRAMS[product]
}

export function programLink(program: string): string {
  return `/usr/local/bin/${program}`
}

/** The first line of a file of quorate's. */
export function signature(cluster: string): string {
  return `# Written by quorate for the cluster ${cluster}. The next apply overwrites what is changed by hand.`
}

/** The cluster that a file was written for; undefined: it is not quorate's. */
export function writtenFor(text: string): string | undefined {
  return /^# Written by quorate for the cluster ([a-z0-9-]{1,63})\./.exec(text)?.[1]
}
