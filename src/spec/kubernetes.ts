/** The wanted Kubernetes: the section `kubernetes` of a cluster file, with every default filled in. */
import type { ContainerdSpec } from './containerd.ts'
import { endpointOf } from './endpoint.ts'

export interface KubernetesSpec {
  /** `1.37.2`: exact. */
  readonly version: string
  readonly source: KubernetesSource
  /** undefined: containerd, runc and the CNI plugins are the distribution's packages. */
  readonly containerd?: ContainerdSpec | undefined
  /** The registry of the images, without a final slash: `registry.k8s.io`. */
  readonly imageRepository: string
  /** CIDR of the pods' addresses: flannel's network. */
  readonly podNetwork: string
  /** CIDR of the Services' addresses; overlaps no other network. */
  readonly serviceNetwork: string
  /** `cluster.local`: the domain of Services' names. */
  readonly dnsDomain: string
  readonly apiServer: ComponentSettings
  readonly controllerManager: ComponentSettings
  readonly scheduler: ComponentSettings
  /** Fields of KubeletConfiguration. */
  readonly kubelet: Configured
  /** Fields of KubeProxyConfiguration. */
  readonly kubeProxy: Configured
  /** As a DaemonSet, as a systemd unit that reads its network from etcd, or not managed by quorate. */
  readonly flannel: 'daemonset' | 'service' | 'none'
  /** By node name; only nodes with labels. Read it with `labelsOf`, because a node may be called `constructor`. */
  readonly nodeLabels: Readonly<Record<string, Readonly<Record<string, string>>>>
  /**
   * By node name. A node without an entry has the default taints: a master has one that keeps pods off. Read it with
   * `taintsOf`.
   */
  readonly taints: Readonly<Record<string, readonly Taint[]>>
  readonly pki: KubernetesPki
}

/** The source of Kubernetes' programs and images. */
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
      /** URL of a Go module proxy; undefined: Go's own setting. */
      readonly proxy: string | undefined
      /** Absolute path of the program `go` or of its toolchain's directory; undefined: quorate searches for one. */
      readonly go: string | undefined
      /** Whether every module is compared with Go's checksum database. */
      readonly checksumDatabase: boolean
    }
  | {
      readonly kind: 'folder'
      /** Absolute path of an air-gap bundle, or of the directory of an unpacked one. */
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
  /**
   * Location of the CA's key: on the masters, whose controller-manager then signs kubelets' certificates, or only at
   * the CA location.
   */
  readonly caKey: 'masters' | 'home'
  /** Validity of issued certificates. */
  readonly days: number
}

/** The address of the control plane for all others: the load balancer's name and port. */
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

/** The labels that the cluster file sets on a node; others stay unchanged. */
export function labelsOf({ nodeLabels }: KubernetesSpec, node: string): Readonly<Record<string, string>> {
  return Object.hasOwn(nodeLabels, node) ? (nodeLabels[node] ?? {}) : {}
}

/** The taints that the cluster file sets on a node. */
export function taintsOf({ taints }: KubernetesSpec, node: string): readonly Taint[] {
  return Object.hasOwn(taints, node) ? (taints[node] ?? []) : []
}
