/** What a Kubernetes node needs from its distribution and its kernel. Pure. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { KernelTexts } from '../../engine/node-steps.ts'
import type { KernelState } from '../../host/node-parts.ts'
import { kernelFiles } from '../../host/node-parts.ts'
import { KUBELET_KERNEL_SETTINGS } from '../../kubernetes/kubelet-config.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { signature } from './files.ts'

/** Whether a kubelet should run on the node. */
export function isKubernetesNode(cluster: Cluster, node: Node): cluster is KubernetesCluster {
  return hasKubernetes(cluster) && kubernetesNodes(cluster).some(({ name }) => name === node.name)
}

/** Debian's names. What a kubelet, CNI's plugins and flannel need in addition to containerd follows it. */
export const NODE_PACKAGES = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'iptables',
  'nftables',
  'conntrack',
  'ethtool',
  'socat',
  'kmod',
  'mount',
] as const

/** The packages that are replaced with releases, if the cluster file says so. */
const RUNTIME_PACKAGES: readonly string[] = ['containerd', 'runc', 'containernetworking-plugins']

export function nodePackages({ kubernetes }: KubernetesCluster): readonly string[] {
  if (kubernetes.containerd === undefined) return NODE_PACKAGES
  return NODE_PACKAGES.filter((name) => !RUNTIME_PACKAGES.includes(name))
}

/** The name of the files with kernel settings. */
export const KERNEL_NAME = 'quorate-kubernetes'

/**
 * `overlay`: layers of images; `br_netfilter`: traffic between pods of one node passes the filters; `nf_conntrack`:
 * Services; `vxlan`: flannel.
 */
export const MODULES = ['overlay', 'br_netfilter', 'nf_conntrack', 'vxlan'] as const

const PODS_NEED = {
  'net.ipv4.ip_forward': '1',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
}

/**
 * Minimum values: each pod's programs and the kubelet watch files, and the usual 128 watchers of a user are used up
 * quickly.
 */
const LEAST: Readonly<Record<string, number>> = {
  'fs.inotify.max_user_instances': 1024,
  'fs.inotify.max_user_watches': 65_536,
}

/** The settings that are read on a node. */
export function settingNames(cluster: KubernetesCluster): readonly string[] {
  return [...Object.keys(exactSettings(cluster)), ...Object.keys(LEAST)]
}

/** The settings with their values. A higher value that others have set stays. */
export function wantedSettings(
  cluster: KubernetesCluster,
  kernel: KernelState | undefined,
): Readonly<Record<string, string>> {
  const before = kernel?.files[kernelFiles(KERNEL_NAME).settings] ?? ''
  const raised = Object.entries(LEAST).filter(
    ([name, least]) =>
      before.includes(`\n${name} = ${least}\n`) || Number(kernel?.settings[name] ?? 0) < least,
  )
  return {
    ...exactSettings(cluster),
    ...Object.fromEntries(raised.map(([name, least]) => [name, String(least)])),
  }
}

function exactSettings({ kubernetes }: KubernetesCluster): Readonly<Record<string, string>> {
  const v6 = `${kubernetes.podNetwork} ${kubernetes.serviceNetwork}`.includes(':')
  return { ...PODS_NEED, ...(v6 ? { 'net.ipv6.conf.all.forwarding': '1' } : {}), ...KUBELET_KERNEL_SETTINGS }
}

export function kernelTexts(
  { name }: Cluster,
  modules: readonly string[],
  settings: Readonly<Record<string, string>>,
): KernelTexts {
  const lines = Object.entries(settings).map(([setting, value]) => `${setting} = ${value}`)
  return {
    modules: [signature(name), ...modules, ''].join('\n'),
    settings: [signature(name), ...lines, ''].join('\n'),
  }
}
