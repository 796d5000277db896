/** Where containerd and the programs of a node lie, and how a file of quorate's is told from another's. */

export const CONTAINERD = {
  unit: 'containerd.service',
  package: 'containerd',
  configuration: '/etc/containerd/config.toml',
} as const

/** Of machines without a default route: Services' addresses need one before they are translated. */
export const SERVICE_ROUTE = {
  unit: 'quorate-service-route.service',
  file: '/etc/systemd/system/quorate-service-route.service',
} as const

/** By product, the programs, each with a link of its name in `/usr/local/bin`. */
export const PROGRAMS = { kubernetes: ['kubeadm', 'kubelet', 'kubectl'], flannel: ['flanneld'] } as const
export type ProgramProduct = keyof typeof PROGRAMS

/** The agent installs programs nowhere else. */
export const PROGRAM_ROOT = '/opt/quorate'

/** With all versions. */
export const PRODUCT_DIRECTORIES = Object.keys(PROGRAMS).map((product) => `${PROGRAM_ROOT}/${product}`)

export function programDirectory(product: ProgramProduct, version: string): string {
  return `${PROGRAM_ROOT}/${product}/${version}`
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
