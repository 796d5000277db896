/** The files of a Kubernetes node that quorate writes and that aren't secret. Pure. */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import { auditPolicy } from '../../../kubernetes/audit-policy.ts'
import { cgroupDriver } from '../../../kubernetes/cgroup-driver.ts'
import { FLANNEL_CNI_SCRIPT, flannelUnit } from '../../../kubernetes/flannel-unit.ts'
import { kubeadmConfig } from '../../../kubernetes/kubeadm-config.ts'
import { kubeletFile } from '../../../kubernetes/kubelet-config.ts'
import { kubeletUnit } from '../../../kubernetes/kubelet-unit.ts'
import { nodeResolver } from '../../../kubernetes/resolver.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { HostState } from '../../../host/state.ts'
import type { Node } from '../../../spec/cluster.ts'

export const KUBELET = 'kubelet.service'
export const FLANNELD = 'flanneld.service'

export interface NodeFile {
  readonly path: string
  readonly content: string
  /** As `stat` prints it. */
  readonly mode: string
  /** The unit that reads it only at its start. */
  readonly unit: string
}

/** In the order in which they are written. */
export function nodeFiles(cluster: KubernetesCluster, node: Node, host: HostState): readonly NodeFile[] {
  const { configuration, unit } = PLACES.kubelet
  const facts = host.services?.node
  const resolver = nodeResolver(node, facts)
  const machine = {
    cgroupDriver: cgroupDriver(cluster.kubernetes, facts),
    resolvConf: resolver.path,
  }
  const files = [
    ...(resolver.content === undefined ? [] : [{ path: resolver.path, content: resolver.content }]),
    { path: unit, content: kubeletUnit(cluster.name, node) },
    {
      path: configuration,
      content: kubeletFile(cluster, node, machine),
    },
    ...(node.roles.includes('master')
      ? [
          { path: PLACES.auditPolicy, content: auditPolicy() },
          { path: PLACES.kubeadm, content: kubeadmConfig(cluster, node) },
        ]
      : []),
  ]
  return [
    ...files.map((file) => ({ ...file, mode: '644', unit: KUBELET })),
    ...(cluster.kubernetes.flannel === 'service' ? flannelFiles(cluster, node) : []),
  ]
}

function flannelFiles(cluster: KubernetesCluster, node: Node): readonly NodeFile[] {
  const { unit, script } = PLACES.flannel
  return [
    { path: script, content: FLANNEL_CNI_SCRIPT, mode: '644', unit: FLANNELD },
    { path: unit, content: flannelUnit(cluster, node), mode: '644', unit: FLANNELD },
  ]
}

/** All such files, on any node. */
export const FILES: readonly string[] = [
  PLACES.kubelet.unit,
  PLACES.kubelet.configuration,
  PLACES.auditPolicy,
  PLACES.kubeadm,
  PLACES.resolver,
]

/** The files of flanneld as a service. */
export const FLANNEL_FILES: readonly string[] = [PLACES.flannel.script, PLACES.flannel.unit]
