/**
 * What kubeadm is told: one file for each node that has a part of the control plane, for all phases that run there. Pure.
 *
 * Only phases are run, never whole `init` or `join`: quorate issues the certificates, writes the kubelets' configuration, and
 * makes no bootstrap tokens. What such phases alone would need is left out.
 */
import type { KubernetesCluster } from './kubernetes-cluster.ts'
import { createHash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { stringify } from 'yaml'
import { bracket } from '../etcd/bracket.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { type KubernetesSpec, controlPlaneEndpoint } from '../spec/kubernetes.ts'
import { auditPolicy } from './audit-policy.ts'
import { kubeletConfiguration, nodeTaints } from './kubelet-config.ts'
import { type Fields, merged } from './merge.ts'
import { CONTAINERD_SOCKET, PLACES } from './places.ts'
import { READ_AT_START_ENVIRONMENT } from './read-at-start.ts'

const KUBEADM = 'kubeadm.k8s.io/v1beta4'

/** Where an API server listens unless the load balancer's part of the cluster file says otherwise. */
const API_PORT = 6443

type Arguments = Readonly<Record<string, string>>

/** The text of `/etc/kubernetes/quorate/kubeadm.yaml`. */
export function kubeadmConfig(cluster: KubernetesCluster, node: Node): string {
  const { kubernetes } = cluster
  const ofNodes = [kubeletConfiguration(kubernetes), kubeProxyConfiguration(kubernetes)]
  return [controlPlaneConfig(cluster, node), ...ofNodes.map(rendered)].join(BETWEEN)
}

/** The part of it that a master's static pods are made from. */
export function controlPlaneConfig(cluster: KubernetesCluster, node: Node): string {
  return [rendered(initConfiguration(cluster, node)), commonText(cluster)].join(BETWEEN)
}

const BETWEEN = '---\n'

function rendered(document: Fields): string {
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** What all masters have in common, rendered once for a cluster: a planner asks for it several times a master at each look. */
function commonText(cluster: KubernetesCluster): string {
  const known = COMMON.get(cluster) ?? rendered(clusterConfiguration(cluster))
  COMMON.set(cluster, known)
  return known
}

const COMMON = new WeakMap<KubernetesCluster, string>()

function initConfiguration(cluster: KubernetesCluster, node: Node): Fields {
  return {
    apiVersion: KUBEADM,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: node.address, bindPort: apiPort(cluster) },
    nodeRegistration: {
      name: node.name,
      criSocket: CONTAINERD_SOCKET,
      taints: nodeTaints(cluster.kubernetes, node),
    },
    // A slow machine may take minutes to start an API server: kubeadm's own limits restart it in the middle.
    timeouts: { controlPlaneComponentHealthCheck: '10m0s', kubernetesAPICall: '2m0s' },
  }
}

/** What all masters have in common, and kubeadm keeps in the ConfigMap `kubeadm-config`. */
export function clusterConfiguration(cluster: KubernetesCluster): Fields {
  const { kubernetes: spec } = cluster
  return {
    apiVersion: KUBEADM,
    kind: 'ClusterConfiguration',
    clusterName: cluster.name,
    kubernetesVersion: `v${spec.version}`,
    imageRepository: spec.imageRepository,
    controlPlaneEndpoint: endpointText(controlPlaneEndpoint(cluster)),
    certificatesDir: PLACES.pki,
    networking: {
      dnsDomain: spec.dnsDomain,
      serviceSubnet: spec.serviceNetwork,
      // flanneld as a service takes each node's part from etcd: the controller-manager is to hand out none then.
      ...(spec.flannel === 'service' ? {} : { podSubnet: spec.podNetwork }),
    },
    etcd: {
      external: {
        endpoints: etcdNodes(cluster).map(
          ({ address }) => `https://${endpointText({ host: address, port: cluster.etcd.clientPort })}`,
        ),
        caFile: PLACES.etcd.ca,
        certFile: PLACES.etcd.certificate,
        keyFile: PLACES.etcd.key,
      },
    },
    apiServer: {
      extraArgs: argumentList(API_SERVER_DEFAULTS, spec.apiServer.arguments, API_SERVER_OWN),
      // It reads its audit policy at its start only: another policy is another manifest, with which it starts again.
      extraEnvs: [{ name: 'QUORATE_AUDIT_POLICY', value: sha256(auditPolicy()) }, READ_AT_START_ENVIRONMENT],
      extraVolumes: [
        { name: 'quorate', ...volume(PLACES.own), readOnly: true, pathType: 'Directory' },
        { name: 'audit-log', ...volume(PLACES.auditLog), readOnly: false, pathType: 'DirectoryOrCreate' },
      ],
    },
    controllerManager: {
      extraArgs: argumentList(controllerManagerDefaults(cluster), spec.controllerManager.arguments, {}),
      extraEnvs: [READ_AT_START_ENVIRONMENT],
    },
    scheduler: { extraArgs: argumentList(SCHEDULER_DEFAULTS, spec.scheduler.arguments, {}) },
  }
}

/** What kubeadm keeps in the ConfigMap `kube-proxy`. */
export function kubeProxyConfiguration({ flannel, podNetwork, kubeProxy }: KubernetesSpec): Fields {
  const kind = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }
  return merged(
    kind,
    // kubeadm takes the pods' network from `podSubnet`, if that is there.
    { mode: 'nftables', ...(flannel === 'service' ? { clusterCIDR: podNetwork } : {}) },
    kubeProxy.configuration,
    kind,
  )
}

/** What the cluster file may choose otherwise. */
const API_SERVER_DEFAULTS: Arguments = {
  'audit-log-maxage': '30',
  'audit-log-maxbackup': '10',
  'audit-log-maxsize': '100',
  profiling: 'false',
  // It goes on serving for this long after it was asked to end, and says that it is not ready: the balancer sends to others.
  'shutdown-delay-duration': '10s',
}

const API_SERVER_OWN: Arguments = {
  'audit-log-path': `${PLACES.auditLog}/audit.log`,
  'audit-policy-file': PLACES.auditPolicy,
  'encryption-provider-config': PLACES.encryption,
  'encryption-provider-config-automatic-reload': 'true',
  // Kubelets serve with certificates of the cluster's CA.
  'kubelet-certificate-authority': PLACES.ca,
}

const SCHEDULER_DEFAULTS: Arguments = { profiling: 'false' }

function controllerManagerDefaults(cluster: KubernetesCluster): Arguments {
  const { flannel, pki } = cluster.kubernetes
  return {
    ...(pki.caKey === 'masters' ? { 'cluster-signing-duration': `${pki.days * 24}h` } : {}),
    ...(flannel === 'service' ? {} : nodeMask(cluster)),
    profiling: 'false',
  }
}

/** How large a part of the pods' network each node gets: as flannel would divide it. */
function nodeMask({ kubernetes, network }: KubernetesCluster): Arguments {
  const [address, prefix] = ipaddr.parseCIDR(kubernetes.podNetwork)
  const six = address.kind() === 'ipv6'
  const usual = six ? 64 : 24
  const wanted = six ? network?.config.IPv6SubnetLen : network?.config.SubnetLen
  return { 'node-cidr-mask-size': `${wanted ?? Math.max(usual, prefix + 2)}` }
}

/** In the order of names: kubeadm keeps the order that it is given, and a manifest must not change for nothing. */
function argumentList(...layers: readonly Arguments[]): readonly Fields[] {
  return Object.entries(merged(...layers))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }))
}

function volume(folder: string): Fields {
  return { hostPath: folder, mountPath: folder }
}

function apiPort({ loadBalancer }: Cluster): number {
  return loadBalancer?.apiPort ?? API_PORT
}

function endpointText({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${bracket(host)}:${port}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
