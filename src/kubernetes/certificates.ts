/** Every certificate that a Kubernetes node must have: its owner, purpose, CA and path. Pure. */
import { bracket } from '../etcd/bracket.ts'
import type { LeafPlace } from '../host/leaves.ts'
import { type Names, NO_NAMES, canonicalIp } from '../pki/names.ts'
import { renderOpensslConfig } from '../pki/openssl-config.ts'
import type { Cluster, KeyAlgorithm, Node } from '../spec/cluster.ts'
import { type KubernetesSpec, controlPlaneEndpoint } from '../spec/kubernetes.ts'
import { PLACES } from './places.ts'
import { API_SERVICE, serviceAddress } from './service-address.ts'

/** The CA that signs it. Kubernetes has its own CAs, separate from etcd's. */
export type LeafAuthority = 'kubernetes' | 'front-proxy' | 'etcd'

export type LeafId =
  | 'apiserver'
  | 'apiserver-kubelet-client'
  | 'front-proxy-client'
  | 'etcd-client'
  | 'flannel-client'
  | 'admin'
  | 'controller-manager'
  | 'scheduler'
  | 'kubelet-client'
  | 'kubelet-serving'

export interface Leaf {
  readonly id: LeafId
  readonly authority: LeafAuthority
  readonly commonName: string
  /** The subject's organizations: the API server reads them as groups. */
  readonly organizations: readonly string[]
  readonly names: Names
  readonly profile: 'client' | 'serving'
  readonly place: LeafPlace
  /** The kubeconfig that it belongs to: `place` itself, or one that refers to its files. */
  readonly kubeconfig?: Kubeconfig | undefined
  /**
   * A program that reads it only when it starts, and would use the old one until that expires. All other readers read
   * it again.
   */
  readonly reader?: string | undefined
  /** The kubelet renews it before quorate would, with a key type that the kubelet chooses. */
  readonly rotates: boolean
}

export interface Kubeconfig {
  readonly path: string
  readonly user: string
  /** `https://10.0.0.21:6443` */
  readonly server: string
}

/** kubeadm's group of administrators, which it binds to the role cluster-admin. */
export const ADMINISTRATORS = 'kubeadm:cluster-admins'

/**
 * The leaf certificates of one node; none if it has no part in Kubernetes. @throws TypeError for a cluster without
 * Kubernetes
 */
export function leavesOf(cluster: Cluster, node: Node): readonly Leaf[] {
  const { kubernetes } = cluster
  if (kubernetes === undefined) throw new TypeError('a cluster without Kubernetes')
  const isMaster = node.roles.includes('master')
  if (!isMaster && !node.roles.includes('worker')) return []
  return [
    ...(isMaster ? masterLeaves(cluster, kubernetes, node) : []),
    ...(kubernetes.flannel === 'service' ? [FLANNEL_CLIENT] : []),
    kubeletClient(isMaster ? ownServer(cluster, node) : balancedServer(cluster), node),
    kubeletServing(node),
  ]
}

/** The API server of a control-plane node, as its own kubelet, controller-manager and scheduler reach it. */
export function ownServer(cluster: Cluster, node: Node): string {
  return `https://${bracket(node.address)}:${cluster.loadBalancer?.apiPort ?? 6443}`
}

/** The API servers behind the load balancer. */
export function balancedServer(cluster: Cluster): string {
  const { host, port } = controlPlaneEndpoint(cluster)
  return `https://${bracket(host)}:${port}`
}

/**
 * The openssl.cnf of a request. Its last line names the key's algorithm, so that a changed algorithm changes the text.
 */
export function leafConfiguration(leaf: Leaf, algorithm: KeyAlgorithm): string {
  const { commonName, organizations, names, profile } = leaf
  const configuration = renderOpensslConfig({ commonName, organizations, names, profile, algorithm })
  return `${configuration}# key: ${algorithm}\n`
}

/** The path of the present key. */
export function keyFile({ place }: Leaf): string {
  return place.form === 'pair' ? place.key : place.path
}

const CLIENT = {
  authority: 'kubernetes',
  organizations: [],
  names: NO_NAMES,
  profile: 'client',
  rotates: false,
} as const

/** flanneld as a service is a client of etcd. */
const FLANNEL_CLIENT: Leaf = {
  ...CLIENT,
  id: 'flannel-client',
  authority: 'etcd',
  // The user if etcd's authentication is enabled: the same for all nodes, as in `quorate certs client flanneld`.
  commonName: 'flanneld',
  place: { form: 'pair', certificate: PLACES.flannel.certificate, key: PLACES.flannel.key },
}

function masterLeaves(cluster: Cluster, spec: KubernetesSpec, node: Node): readonly Leaf[] {
  const own = ownServer(cluster, node)
  return [
    {
      ...CLIENT,
      id: 'apiserver',
      commonName: 'kube-apiserver',
      names: apiServerNames(cluster, spec, node),
      profile: 'serving',
      place: pair('apiserver'),
    },
    {
      ...CLIENT,
      id: 'apiserver-kubelet-client',
      commonName: 'kube-apiserver-kubelet-client',
      organizations: [ADMINISTRATORS],
      place: pair('apiserver-kubelet-client'),
    },
    {
      ...CLIENT,
      id: 'front-proxy-client',
      authority: 'front-proxy',
      commonName: 'front-proxy-client',
      place: pair('front-proxy-client'),
    },
    {
      ...CLIENT,
      id: 'etcd-client',
      authority: 'etcd',
      // The user if etcd's authentication is enabled: the same for all control-plane nodes, as in `quorate certs client
      // kube-apiserver`.
      commonName: 'kube-apiserver',
      place: { form: 'pair', certificate: PLACES.etcd.certificate, key: PLACES.etcd.key },
    },
    {
      ...CLIENT,
      id: 'admin',
      commonName: 'kubernetes-admin',
      organizations: [ADMINISTRATORS],
      ...embedded(PLACES.kubeconfigs.admin, 'kubernetes-admin', balancedServer(cluster)),
    },
    {
      ...CLIENT,
      id: 'controller-manager',
      commonName: 'system:kube-controller-manager',
      reader: 'kube-controller-manager',
      ...embedded(PLACES.kubeconfigs.controllerManager, 'system:kube-controller-manager', own),
    },
    {
      ...CLIENT,
      id: 'scheduler',
      commonName: 'system:kube-scheduler',
      reader: 'kube-scheduler',
      ...embedded(PLACES.kubeconfigs.scheduler, 'system:kube-scheduler', own),
    },
  ]
}

function pair(name: string): LeafPlace {
  return { form: 'pair', certificate: `${PLACES.pki}/${name}.crt`, key: `${PLACES.pki}/${name}.key` }
}

function embedded(path: string, user: string, server: string) {
  return { place: { form: 'kubeconfig', path }, kubeconfig: { path, user, server } } as const
}

function kubeletClient(server: string, node: Node): Leaf {
  const user = `system:node:${node.name}`
  return {
    ...CLIENT,
    id: 'kubelet-client',
    commonName: user,
    organizations: ['system:nodes'],
    place: { form: 'joined', path: PLACES.kubelet.client },
    kubeconfig: { path: PLACES.kubelet.kubeconfig, user, server },
    rotates: true,
  }
}

function kubeletServing(node: Node): Leaf {
  return {
    ...CLIENT,
    id: 'kubelet-serving',
    commonName: `system:node:${node.name}`,
    organizations: ['system:nodes'],
    names: namesOf([node.name, ...node.names], [node.address, ...node.addresses]),
    profile: 'serving',
    place: {
      form: 'pair',
      certificate: PLACES.kubelet.serving.certificate,
      key: PLACES.kubelet.serving.key,
    },
  }
}

/** Includes kubeadm's own set: its phases reject a certificate that lacks one of them. */
function apiServerNames(cluster: Cluster, { serviceNetwork, dnsDomain }: KubernetesSpec, node: Node): Names {
  const { host } = controlPlaneEndpoint(cluster)
  const virtual = cluster.loadBalancer?.virtualAddress
  const services = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${dnsDomain}`,
  ]
  const isAddress = canonicalIp(host) !== undefined
  return namesOf(
    [node.name, ...node.names, ...services, ...(isAddress ? [] : [host])],
    [
      node.address,
      ...node.addresses,
      serviceAddress(serviceNetwork, API_SERVICE),
      ...(isAddress ? [host] : []),
      ...(virtual === undefined ? [] : [virtual]),
    ],
  )
}

function namesOf(dns: readonly string[], ips: readonly string[]): Names {
  return {
    dns: [...new Set(dns.map((name) => name.toLowerCase()))],
    ips: [...new Set(ips.map((ip) => canonicalIp(ip) ?? ip))],
  }
}
