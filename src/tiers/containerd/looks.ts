/** What the agent is asked about a Kubernetes node. */
import type { Look } from '../../host/operations.ts'
import { imageNames, imagesForRoles } from '../../kubernetes/image-names.ts'
import { nodePorts } from '../../kubernetes/node-fitness.ts'
import { kubernetesFacts } from '../../kubernetes/versions.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import {
  CONTAINERD,
  PROGRAMS,
  type ProgramProduct,
  SERVICE_ROUTE,
  programDirectory,
  programLink,
} from './files.ts'
import { KERNEL_NAME, MODULES, isKubernetesNode, settingNames } from './wanted.ts'

export function containerdLooks(cluster: Cluster, node: Node): readonly Look[] {
  if (!isKubernetesNode(cluster, node)) return []
  const { kubernetes } = cluster
  const products = productsOf(kubernetes)
  const paths = products.flatMap(({ product, version }) =>
    PROGRAMS[product].map((program) => `${programDirectory(product, version)}/${program}`),
  )
  const links = products.flatMap(({ product }) => PROGRAMS[product].map(programLink))
  return [
    ['service', { unit: CONTAINERD.unit, package: CONTAINERD.package, files: [CONTAINERD.configuration] }],
    ['service', { unit: SERVICE_ROUTE.unit, package: '', files: [SERVICE_ROUTE.file] }],
    ['kernel_look', { name: KERNEL_NAME, modules: MODULES.join(' '), settings: settingNames(cluster) }],
    ['programs', { links: links.join(' '), paths }],
    ['images_look', { names: wantedImages(kubernetes, node) }],
    nodeLook(cluster, kubernetes, node),
  ]
}

/** What preflight asks as well. */
export function nodeLook(cluster: Cluster, kubernetes: KubernetesSpec, node: Node): Look {
  const ports = Object.keys(nodePorts(node.roles, apiPort(cluster)))
  return ['node', { address: node.address, service: serviceProbe(kubernetes), ports }]
}

/** An address of the Services' network: its first one. */
export function serviceProbe({ serviceNetwork }: Pick<KubernetesSpec, 'serviceNetwork'>): string {
  return serviceNetwork.split(/[,/]/)[0] ?? ''
}

export function apiPort({ loadBalancer }: Cluster): number {
  return loadBalancer?.apiPort ?? 6443
}

/** The programs that every node has, with their versions. */
export function productsOf({ version, flannel }: KubernetesSpec): readonly {
  readonly product: ProgramProduct
  readonly version: string
}[] {
  const own = { product: 'kubernetes', version } as const
  return flannel === 'service'
    ? [own, { product: 'flannel', version: kubernetesFacts(version).flannel }]
    : [own]
}

/** Images that are imported there; none where the node pulls them from a registry when they are needed. */
export function wantedImages(kubernetes: KubernetesSpec, { roles }: Node): readonly string[] {
  return kubernetes.source.kind === 'release' ? [] : imagesForRoles(imageNames(kubernetes), roles)
}
