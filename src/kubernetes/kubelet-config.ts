/**
 * The kubelets' configuration: what all of a cluster have in common, which kubeadm keeps in the ConfigMap `kubelet-config`,
 * and with it what is a node's own, which is its file. Pure.
 */
import { stringify } from 'yaml'
import type { Node } from '../spec/cluster.ts'
import { type KubernetesSpec, taintsOf } from '../spec/kubernetes.ts'
import type { CgroupDriver } from './cgroup-driver.ts'
import { type Fields, merged } from './merge.ts'
import { CONTAINERD_SOCKET, PLACES } from './places.ts'
import { DNS_SERVICE, serviceAddress } from './service-address.ts'

/** What kubeadm keeps ordinary pods off masters with. */
export const CONTROL_PLANE_TAINT = {
  key: 'node-role.kubernetes.io/control-plane',
  effect: 'NoSchedule',
} as const

/**
 * Settings of the kernel, by name, without which a kubelet does not start, since it is not to change
 * the node unasked (`protectKernelDefaults`).
 */
export const KUBELET_KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  'kernel.keys.root_maxbytes': '25000000',
  'kernel.keys.root_maxkeys': '1000000',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
}

const KIND = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' } as const

/** Of all nodes. Fields of the cluster file's `kubelet.configuration` replace defaults, and never what quorate relies on. */
export function kubeletConfiguration(spec: KubernetesSpec): Fields {
  return merged(KIND, defaults(spec), spec.kubelet.configuration, own(spec))
}

/** What kubeadm stores of it in the cluster: there it turns `rotateCertificates` on, whatever it is given. */
export function storedKubeletConfiguration(spec: KubernetesSpec): Fields {
  return { ...kubeletConfiguration(spec), rotateCertificates: true }
}

/**
 * The text of `/var/lib/kubelet/config.yaml`.
 *
 * @param machine what is the machine's own: who makes the control groups of pods, and the file that names DNS servers
 */
export function kubeletFile(
  cluster: { readonly kubernetes: KubernetesSpec },
  node: Node,
  machine: { readonly cgroupDriver: CgroupDriver; readonly resolvConf: string },
): string {
  const { staticPodPath, ...common } = kubeletConfiguration(cluster.kubernetes)
  const taints = nodeTaints(cluster.kubernetes, node)
  const ofNode = {
    // Where there is no control plane nothing is to be started from files.
    ...(node.roles.includes('master') ? { staticPodPath } : {}),
    ...(taints.length === 0 ? {} : { registerWithTaints: taints }),
  }
  return stringify(
    { resolvConf: machine.resolvConf, ...common, ...ofNode, cgroupDriver: machine.cgroupDriver },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}

/** What a node keeps pods off with, from the moment that it registers. A master without taints in the file has kubeadm's. */
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
    // `KUBELET_KERNEL_SETTINGS` are made when the node is prepared.
    protectKernelDefaults: true,
    // One pod that pulls a large image holds up no other.
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
    // Nobody could sign what it asks for where the CA's key is not on the masters: quorate renews there.
    rotateCertificates: pki.caKey === 'masters',
    serverTLSBootstrap: false,
    staticPodPath: PLACES.manifests,
    tlsCertFile: PLACES.kubelet.serving.certificate,
    tlsPrivateKeyFile: PLACES.kubelet.serving.key,
  }
}
