/** What the agent is asked about a Kubernetes node. */
import type { Look } from '../../host/operations.ts'
import { imageNames, imagesForRoles } from '../../kubernetes/image-names.ts'
import { apiServerPort, nodePorts } from '../../kubernetes/node-fitness.ts'
import { type RuntimePart, runtimeParts } from '../../kubernetes/runtime-parts.ts'
import { kubernetesFacts } from '../../kubernetes/versions.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import {
  CONTAINERD,
  PACKAGED_UNITS,
  PROGRAMS,
  type ProgramProduct,
  SERVICE_ROUTE,
  linkedPrograms,
  programDirectory,
  programLink,
} from './files.ts'
import { KERNEL_NAME, MODULES, isKubernetesNode, settingNames } from './wanted.ts'

export function containerdLooks(cluster: Cluster, node: Node): readonly Look[] {
  if (!isKubernetesNode(cluster, node)) return []
  const { kubernetes } = cluster
  const products = [...productsOf(kubernetes), ...runtimeOf(kubernetes)]
  const units = [CONTAINERD.unitFile, ...(kubernetes.containerd === undefined ? [] : PACKAGED_UNITS)]
  const paths = products.flatMap(({ product, version }) =>
    PROGRAMS[product].map((program) => `${programDirectory(product, version)}/${program}`),
  )
  const links = products.flatMap(({ product }) => linkedPrograms(product).map(programLink))
  return [
    [
      'service',
      {
        unit: CONTAINERD.unit,
        package: CONTAINERD.package,
        files: [CONTAINERD.configuration, ...units],
      },
    ],
    ['service', { unit: SERVICE_ROUTE.unit, package: '', files: [SERVICE_ROUTE.file] }],
    ['kernel_look', { name: KERNEL_NAME, modules: MODULES.join(' '), settings: settingNames(cluster) }],
    ['programs', { links: links.join(' '), paths }],
    ['images_look', { names: wantedImages(kubernetes, node) }],
    // Preflight needs it as well.
    [
      'node',
      {
        address: node.address,
        service: kubernetes.serviceNetwork.split(/[,/]/)[0] ?? '',
        ports: Object.keys(nodePorts(node.roles, apiServerPort(cluster))),
      },
    ],
  ]
}

/** The programs of Kubernetes and flannel that every node has, with their versions. */
export function productsOf({ version, flannel }: KubernetesSpec): readonly {
  readonly product: ProgramProduct
  readonly version: string
}[] {
  const own = { product: 'kubernetes', version } as const
  return flannel === 'service'
    ? [own, { product: 'flannel', version: kubernetesFacts(version).flannel }]
    : [own]
}

/** What a node gets from containerd's releases; nothing if it has the distribution's packages. */
export function runtimeOf({ containerd }: KubernetesSpec): readonly RuntimePart[] {
  return containerd === undefined ? [] : runtimeParts(containerd)
}

/** Images to import on the node; none if it pulls them from a registry on demand. */
export function wantedImages(kubernetes: KubernetesSpec, { roles }: Node): readonly string[] {
  return kubernetes.source.kind === 'release' ? [] : imagesForRoles(imageNames(kubernetes), roles)
}
