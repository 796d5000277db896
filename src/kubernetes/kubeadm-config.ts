/**
 * kubeadm's configuration: one file for each control-plane node, for all phases that run on it. Pure.
 *
 * quorate only runs phases, never a whole `init` or `join`: it issues the certificates, writes the kubelets'
 * configuration, and creates no bootstrap tokens. Settings that only the other phases use are omitted.
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

/** The API server's default port, unless the load balancer's part of the cluster file says otherwise. */
const API_PORT = 6443

type Arguments = Readonly<Record<string, string>>

/** The text of `/etc/kubernetes/quorate/kubeadm.yaml`. */
export function kubeadmConfig(cluster: KubernetesCluster, node: Node): string {
  const { kubernetes } = cluster
  const ofNodes = [kubeletConfiguration(kubernetes), kubeProxyConfiguration(kubernetes)]
  return [controlPlaneConfig(cluster, node), ...ofNodes.map(rendered)].join(BETWEEN)
}

/** The part of it that determines a control-plane node's static pods. */
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
    // A slow node may take minutes to start an API server, and kubeadm's own limits would restart it in between.
    timeouts: { controlPlaneComponentHealthCheck: '10m0s', kubernetesAPICall: '2m0s' },
  }
}

/** Settings common to all control-plane nodes, which kubeadm stores in the ConfigMap `kubeadm-config`. */
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
      // flanneld as a service takes each node's subnet from etcd, so the controller-manager must not assign any.
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
      // The API server reads its audit policy only at its start. A changed policy changes this manifest, which restarts
      // it.
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

/** What kubeadm stores in the ConfigMap `kube-proxy`. */
export function kubeProxyConfiguration({ flannel, podNetwork, kubeProxy }: KubernetesSpec): Fields {
  const kind = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }
  return merged(
    kind,
    // kubeadm takes the pods' network from `podSubnet`, if it is set.
    { mode: 'nftables', ...(flannel === 'service' ? { clusterCIDR: podNetwork } : {}) },
    kubeProxy.configuration,
    kind,
  )
}

/** Defaults that the cluster file can replace. */
const API_SERVER_DEFAULTS: Arguments = {
  'audit-log-maxage': '30',
  'audit-log-maxbackup': '10',
  'audit-log-maxsize': '100',
  profiling: 'false',
  // After it is asked to stop, it keeps serving for this long and reports not ready, so that the load balancer uses
  // other servers.
  'shutdown-delay-duration': '10s',
}

const API_SERVER_OWN: Arguments = {
  'audit-log-path': `${PLACES.auditLog}/audit.log`,
  'audit-policy-file': PLACES.auditPolicy,
  'encryption-provider-config': PLACES.encryption,
  'encryption-provider-config-automatic-reload': 'true',
  // Kubelets' serving certificates are from the cluster's CA.
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

/** Prefix length of each node's part of the pods' network, divided as flannel would. */
function nodeMask({ kubernetes, network }: KubernetesCluster): Arguments {
  const [address, prefix] = ipaddr.parseCIDR(kubernetes.podNetwork)
  const six = address.kind() === 'ipv6'
  const usual = six ? 64 : 24
  const wanted = six ? network?.config.IPv6SubnetLen : network?.config.SubnetLen
  return { 'node-cidr-mask-size': `${wanted ?? Math.max(usual, prefix + 2)}` }
}

/** Sorted by name: kubeadm keeps the given order, and a manifest must not change without a reason. */
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
