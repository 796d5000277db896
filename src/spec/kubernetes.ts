/** What is wanted of Kubernetes: the part `kubernetes` of a cluster file, with every default filled in. */
import type { ContainerdSpec } from './containerd.ts'
import { endpointOf } from './endpoint.ts'

export interface KubernetesSpec {
  /** `1.37.2`: exact. */
  readonly version: string
  readonly source: KubernetesSource
  /** undefined: containerd, runc and the CNI plugins are the distribution's packages. */
  readonly containerd?: ContainerdSpec | undefined
  /** Where nodes find the images, without a final slash: `registry.k8s.io`. */
  readonly imageRepository: string
  /** CIDR of the pods' addresses: flannel's network. */
  readonly podNetwork: string
  /** CIDR of the Services' addresses; overlaps nothing else. */
  readonly serviceNetwork: string
  /** `cluster.local`: the domain below which Services have names. */
  readonly dnsDomain: string
  readonly apiServer: ComponentSettings
  readonly controllerManager: ComponentSettings
  readonly scheduler: ComponentSettings
  /** Fields of KubeletConfiguration. */
  readonly kubelet: Configured
  /** Fields of KubeProxyConfiguration. */
  readonly kubeProxy: Configured
  /** As a DaemonSet, as a systemd unit that reads its network from etcd, or by other means than quorate. */
  readonly flannel: 'daemonset' | 'service' | 'none'
  /** By node name; only nodes that have any. Read it with `labelsOf`: a node may be called `constructor`. */
  readonly nodeLabels: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** By node name; a node that is not in it has the usual ones: a master one that keeps pods off. Read it with `taintsOf`. */
  readonly taints: Readonly<Record<string, readonly Taint[]>>
  readonly pki: KubernetesPki
}

/** Where Kubernetes' programs and images come from. */
export type KubernetesSource =
  | {
      readonly kind: 'release'
      /** URL template of one program: `{version}` (1.37.2), `{minor}` (1.37), `{arch}` (amd64, arm64), `{program}` (kubelet). */
      readonly url: string
      /** URL template of the file with the program's SHA-256. */
      readonly checksums: string
      /** HTTP(S) proxy URL; undefined: the environment's HTTPS_PROXY and NO_PROXY. */
      readonly proxy: string | undefined
    }
  | {
      readonly kind: 'modules'
      /** URL of a Go module proxy; undefined: the one that Go itself is set to. */
      readonly proxy: string | undefined
      /** Absolute path of the program `go` or of its toolchain's directory; undefined: one that is found. */
      readonly go: string | undefined
      /** Whether every module is compared with Go's checksum database. */
      readonly checksumDatabase: boolean
    }
  | {
      readonly kind: 'folder'
      /** Absolute path of an air-gap bundle, or of the directory that one was unpacked into. */
      readonly path: string
      /** SHA-256 (hex, lower case) of the bundle, or of the directory's manifest; checked if given. */
      readonly sha256: string | undefined
    }

/** Arguments of a program, by name without dashes. */
export interface ComponentSettings {
  readonly arguments: Readonly<Record<string, string>>
}

/** Fields of a component's configuration file, in Kubernetes' own spelling. */
export interface Configured {
  readonly configuration: Readonly<Record<string, unknown>>
}

export interface Taint {
  readonly key: string
  readonly value?: string | undefined
  readonly effect: TaintEffect
}

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const
export type TaintEffect = (typeof TAINT_EFFECTS)[number]

export interface KubernetesPki {
  /** Where the key of Kubernetes' CA lies: on the masters, whose controller-manager then signs kubelets, or only at its home. */
  readonly caKey: 'masters' | 'home'
  /** How long an issued certificate is valid. */
  readonly days: number
}

/** Where the control plane is found by everyone else: the load balancer's name and port. */
export function controlPlaneEndpoint(cluster: { readonly loadBalancerUrl: string | undefined }): {
  readonly host: string
  readonly port: number
} {
  if (cluster.loadBalancerUrl === undefined) throw new TypeError('a cluster without loadBalancer.url')
  return endpointOf(cluster.loadBalancerUrl)
}

/** The nodes that run a kubelet, in the file's order: masters and workers. */
export function kubernetesNodes<Node extends { readonly roles: readonly string[] }>(cluster: {
  readonly nodes: readonly Node[]
}): readonly Node[] {
  return cluster.nodes.filter(({ roles }) => roles.includes('master') || roles.includes('worker'))
}

/** The labels that the cluster file wants on a node; others stay as they are. */
export function labelsOf({ nodeLabels }: KubernetesSpec, node: string): Readonly<Record<string, string>> {
  return Object.hasOwn(nodeLabels, node) ? (nodeLabels[node] ?? {}) : {}
}

/** The taints that the cluster file wants on a node. */
export function taintsOf({ taints }: KubernetesSpec, node: string): readonly Taint[] {
  return Object.hasOwn(taints, node) ? (taints[node] ?? []) : []
}
