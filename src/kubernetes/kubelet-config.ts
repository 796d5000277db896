/**
 * The kubelets' configuration. The common part is what kubeadm stores in the ConfigMap `kubelet-config`; a node's file
 * also contains the node's own part. Pure.
 */
import { stringify } from 'yaml'
import type { Node } from '../spec/cluster.ts'
import { type KubernetesSpec, taintsOf } from '../spec/kubernetes.ts'
import type { CgroupDriver } from './cgroup-driver.ts'
import { type Fields, merged } from './merge.ts'
import { CONTAINERD_SOCKET, PLACES } from './places.ts'
import { DNS_SERVICE, serviceAddress } from './service-address.ts'

/** The taint that keeps ordinary pods off control-plane nodes in kubeadm. */
export const CONTROL_PLANE_TAINT = {
  key: 'node-role.kubernetes.io/control-plane',
  effect: 'NoSchedule',
} as const

/** Kernel settings, by name, that a kubelet requires. It must not change the node itself (`protectKernelDefaults`). */
export const KUBELET_KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  'kernel.keys.root_maxbytes': '25000000',
  'kernel.keys.root_maxkeys': '1000000',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
}

const KIND = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' } as const

/**
 * Common to all nodes. Fields of the cluster file's `kubelet.configuration` replace defaults, but never what quorate
 * relies on.
 */
export function kubeletConfiguration(spec: KubernetesSpec): Fields {
  return merged(KIND, defaults(spec), spec.kubelet.configuration, own(spec))
}

/** What kubeadm stores of it in the cluster: kubeadm always enables `rotateCertificates` there. */
export function storedKubeletConfiguration(spec: KubernetesSpec): Fields {
  return { ...kubeletConfiguration(spec), rotateCertificates: true }
}

/**
 * The text of `/var/lib/kubelet/config.yaml`.
 *
 * @param machine what differs by node: who creates the cgroups of pods, and the file that names DNS servers
 */
export function kubeletFile(
  cluster: { readonly kubernetes: KubernetesSpec },
  node: Node,
  machine: { readonly cgroupDriver: CgroupDriver; readonly resolvConf: string },
): string {
  const { staticPodPath, ...common } = kubeletConfiguration(cluster.kubernetes)
  const taints = nodeTaints(cluster.kubernetes, node)
  const ofNode = {
    // Without a control plane, no pod is started from files.
    ...(node.roles.includes('master') ? { staticPodPath } : {}),
    ...(taints.length === 0 ? {} : { registerWithTaints: taints }),
  }
  return stringify(
    { resolvConf: machine.resolvConf, ...common, ...ofNode, cgroupDriver: machine.cgroupDriver },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}

/** The node's taints from its registration on. A control-plane node without taints in the file gets kubeadm's. */
export function nodeTaints(spec: KubernetesSpec, { name, roles }: Node): readonly Fields[] {
  const wanted = taintsOf(spec, name)
  if (Object.hasOwn(spec.taints, name)) return wanted.map((taint) => ({ ...taint }))
  return roles.includes('master') ? [CONTROL_PLANE_TAINT] : []
}

function defaults({ serviceNetwork, dnsDomain }: KubernetesSpec): Fields {
  return {
    cgroupDriver: 'systemd',
    clusterDNS: [serviceAddress(serviceNetwork, DNS_SERVICE)],
    clusterDomain: dnsDomain,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    // `KUBELET_KERNEL_SETTINGS` are set when the node is prepared.
    protectKernelDefaults: true,
    // A pod that pulls a large image must not delay others.
    serializeImagePulls: false,
    maxParallelImagePulls: 4,
  }
}

function own({ pki }: KubernetesSpec): Fields {
  return {
    ...KIND,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: PLACES.ca },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: CONTAINERD_SOCKET,
    readOnlyPort: 0,
    // If the CA's key is not on the control-plane nodes, no component could sign the kubelet's requests: quorate renews
    // the certificates instead.
    rotateCertificates: pki.caKey === 'masters',
    serverTLSBootstrap: false,
    staticPodPath: PLACES.manifests,
    tlsCertFile: PLACES.kubelet.serving.certificate,
    tlsPrivateKeyFile: PLACES.kubelet.serving.key,
  }
}
